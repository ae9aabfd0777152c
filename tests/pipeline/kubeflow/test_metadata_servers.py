"""Steps that run side by side on one metadata server."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.kubeflow.mariadb import mariadb
from pipeline.cluster.options import PASSWORD_VARIABLE
from pipeline.config import load_config
from pipeline.kubeflow.plan import load_plan
from pipeline.kubeflow.steps import read_steps, shape
from schemas import SIDES, read_spec

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not shutil.which("mariadbd"):
        pytest.skip("MariaDB is absent: Debian's package mariadb-server brings it.")
    folder = tmp_path_factory.mktemp("mysql")
    for parent in (folder, *folder.parents):  # its own user must reach it
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    with mariadb(folder / "server") as result:
        yield SimpleNamespace(kind="mysql", **dataclasses.asdict(result))


def start(server, module, *words):
    return subprocess.Popen(
        [sys.executable, "-m", f"pipeline.kubeflow.{module}", *map(str, words)], cwd=ROOT,
        env={**os.environ, PASSWORD_VARIABLE: server.password}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)


def ended(process):
    message = process.communicate()[0]
    assert process.returncode == 0, message
    return message


def first_step(server, root, shop, run_id, shape):
    config = load_config(None, dataset="demo", data_dir=shop, root=root)
    metadata = {"kind": server.kind, "host": server.host, "port": server.port, "user": server.user,
                "database": server.database, "password": {"secret": "s", "key": "k"}}
    return start(server, "init_metadata", "--root", root, "--run-id", run_id,
                 "--config", config.model_dump_json(exclude={"kubeflow"}),
                 "--spec", read_spec("demo").to_json(), "--metadata", json.dumps(metadata),
                 "--shape", shape, "--data-dir", shop, "--recipe", "flagship")


def test_three_streams_and_two_runs_at_once(server, tmp_path, tiny_shop, ir):
    form = shape(read_steps(ir))
    # Two runs open the empty database at once.
    for process in [first_step(server, tmp_path, tiny_shop, run, form) for run in ("a", "b")]:
        assert "is planned" in ended(process)
    assert len(load_plan(tmp_path, "a").nodes) == len(load_plan(tmp_path, "b").nodes)

    def together(run, *nodes):
        return [ended(p) for p in [start(server, "run_node", "--root", tmp_path, "--run-id", run,
                                         "--node", node) for node in nodes]]

    together("a", "CatalogGen", *(f"ImportSchemaGen.{side}" for side in SIDES))
    message = together("a", *(f"StatisticsGen.{side}" for side in SIDES))
    assert all(": done," in text for text in message)
    message = together("b", "CatalogGen", *(f"ImportSchemaGen.{side}" for side in SIDES))
    assert all(": cached," in text for text in message)
    # Each wrote its own folder, and each stream its own statistics.
    folders = {text.split("statistics: ")[1].split()[0]
               for text in together("b", *(f"StatisticsGen.{side}" for side in SIDES))}
    assert len(folders) == len(SIDES)
    assert all(list(Path(folder).glob("Split-*/FeatureStats.pb")) for folder in folders)


def test_a_wrong_password(server, tmp_path, tiny_shop):
    wrong = SimpleNamespace(**{**vars(server), "password": "hunter2"})
    process = first_step(wrong, tmp_path, tiny_shop, "a", "0")
    message = process.communicate()[0]
    assert process.returncode == 1
    assert "refuses the connection or a query" in message.splitlines()[-1]
    assert "Check the user, the password in the secret" in message and "hunter2" not in message
