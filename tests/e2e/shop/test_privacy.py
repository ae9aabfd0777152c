"""With hashing and scrubbing no planted value is in what a run leaves; one user is forgotten."""

import io
from pathlib import Path

import numpy as np
import pandas
import pytest
import tensorflow as tf
from e2e_project import new_project
from rich.console import Console

from components.privacy.options import KEY, Privacy
from components.privacy.scan import scan
from components.sources.demo import DemoSizes
from pipeline.run import run
from serving.forgetting import without_user
from serving.model_config import versions
from serving.model_files import require_manifest
from serving.servable import Servable

NAME, MAIL, CALL, CARD = "Zbigniewska", "planted.person@example.org", "+44 20 7946 0018", \
    "4111 1111 1111 1111"


@pytest.fixture
def newest(project, first):
    result = versions(project.served)
    return result[max(result)]


def profiles(version: Path, users: list[str]) -> dict[str, np.ndarray]:
    """Returns what a version says of users."""
    servable = Servable(version)
    signature = servable.signatures["user_profile"]
    inputs = {}
    for name, tensor in signature.inputs.items():
        dtype = tf.dtypes.as_dtype(tensor.dtype)
        shape = [len(users)] + [1] * (len(tensor.tensor_shape.dim) - 1)
        inputs[name] = np.full(shape, b"", object) if dtype == tf.string else np.full(
            shape, -1, dtype.as_numpy_dtype)
    inputs["user_id"] = np.array(users, object)
    return servable.run("user_profile", inputs, sorted(signature.outputs))


def test_a_user_is_forgotten_by_the_pushed_model(newest, project, tmp_path):
    shop = pandas.read_csv(project.shop / "users.csv")["customer"].tolist()
    gone, stays = shop[0], shop[1:4]
    without_user(newest, gone, tmp_path / "2")
    require_manifest(tmp_path / "2")
    before, after = (profiles(version, ["nobody", gone, *stays])
                     for version in (newest, tmp_path / "2"))
    assert before["known"].tolist() == [0, 1, 1, 1, 1] and before["events"][1] > 0
    assert after["known"].tolist() == [0, 0, 1, 1, 1]
    for name in before:
        np.testing.assert_array_equal(after[name][2:], before[name][2:], err_msg=name)
        np.testing.assert_array_equal(after[name][1], after[name][0], err_msg=name)
    rows = tf.saved_model.load(str(tmp_path / "2")).user_rows
    assert len(rows.rows) > 5
    # A model numbers users in an order of its own.
    ids = Path(rows.ids.asset_path.numpy().decode()).read_text(encoding="utf-8").splitlines()
    (place,) = (place for place, one in enumerate(ids, start=1) if one.startswith("forgotten-"))
    for one in rows.rows:
        np.testing.assert_array_equal(one.numpy()[place], one.numpy()[0])
    assert {where for where in scan(tmp_path / "2", [b"%s\n" % gone.encode()])} == set()


@pytest.mark.slow
def test_no_planted_value_is_in_anything_that_a_run_leaves(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, "a key for tests, of no use elsewhere")
    project = new_project(tmp_path, DemoSizes(60, 100, 1800))
    users = pandas.read_csv(project.shop / "users.csv")
    # Raw ids that are nothing else.
    renamed = {name: f"rawcustomer{place}x" for place, name in enumerate(users["customer"])}
    listed = renamed[users["customer"][5]]
    users["customer"] = users["customer"].map(renamed)
    users.loc[0, "about"] = f"{NAME}. Write to {MAIL}, call {CALL}, pay with {CARD}"
    users["email"] = [f"planted{place}@example.org" for place in range(len(users))]
    users.to_csv(project.shop / "users.csv", index=False)
    events = pandas.read_csv(project.shop / "interactions.csv")
    events["customer"] = events["customer"].map(renamed).fillna(events["customer"])
    events.to_csv(project.shop / "interactions.csv", index=False)
    (tmp_path / "forget").write_text(listed + "\n")
    privacy = Privacy(pseudonyms=True, scrub=True, deletion_list=tmp_path / "forget")
    config = project.config().model_copy(update={"privacy": privacy})
    assert run(config, Console(file=io.StringIO(), width=200)) == 0
    raw = [*renamed.values(), *users["email"], MAIL, CALL, CARD]
    assert scan(project.root, [one.encode() for one in raw], ("data",)) == {}
    pushed = versions(project.served)
    where = scan(pushed[max(pushed)], [NAME.encode(), NAME.lower().encode()])
    assert where == {}, "a name of one user"
    report = (project.root / "runs" / "latest" / "model_report.html").read_text(encoding="utf-8")
    assert NAME.lower() not in report.lower()
