"""No prediction of a test row depends on any other test row.

All other test rows exchange their items and labels; the untouched rows, and what every row is
ranked by, come out the same. The same exchange among training rows does change them.
"""

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ingested import run_ingest

from components.sources import DemoSource
from schemas import read_spec
from serving.model_config import versions

SPEC = read_spec("demo")
CONTENT = ("product", "stars", "purchased", "review")
Key = tuple[bytes, int]


def ingested(shop: Path, out: Path) -> Path:
    run_ingest(DemoSource(str(shop)), SPEC, out)
    return out


def read(folder: Path) -> list[bytes]:
    files = sorted(str(path) for path in folder.glob("*.gz"))
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    # The order of a map's keys differs between processes.
    return [tf.train.Example.FromString(one).SerializeToString(deterministic=True)
            for one in records]


def rows(out: Path, split: str) -> dict[Key, bytes]:
    """Serialized Examples by customer and time, where these name one row."""
    result: dict[Key, list[bytes]] = {}
    for serialized in read(out / "interactions" / f"Split-{split}"):
        values = tf.train.Example.FromString(serialized).features.feature
        key = values["customer"].bytes_list.value[0], values["time"].int64_list.value[0]
        result.setdefault(key, []).append(serialized)
    return {key: examples[0] for key, examples in result.items() if len(examples) == 1}


def exchange(shop: Path, target: Path, chosen: Callable[[Key], bool]) -> None:
    """Writes a shop in which chosen events exchange their product and what was said of it."""
    target.mkdir()
    # A link to the folder would be refused: it leads out of the shop.
    shutil.copytree(shop / "media", target / "media", copy_function=os.link)
    for side in ("users", "items"):
        (target / f"{side}.csv").write_bytes((shop / f"{side}.csv").read_bytes())
    with (shop / "interactions.csv").open(encoding="utf-8", newline="") as file:
        events = list(csv.DictReader(file))
    places = [i for i, e in enumerate(events)
              if chosen((e["customer"].encode(), int(e["time"])))]
    shuffled = np.random.default_rng(4).permutation(places)
    changed = [dict(event) for event in events]
    for place, other in zip(places, shuffled, strict=True):
        changed[place].update({name: events[other][name] for name in CONTENT})
    with (target / "interactions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, events[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(changed)


@pytest.fixture(scope="module")
def tables(project, first, tmp_path_factory):
    """Ingested tables: as they are, with exchanged test rows, with exchanged training rows."""
    folder = tmp_path_factory.mktemp("leaks")
    plain = ingested(project.shop, folder / "plain")
    test, train = rows(plain, "test"), rows(plain, "train")
    kept = untouched(test)
    exchange(project.shop, folder / "a", lambda key: key in test and key not in kept)
    exchange(project.shop, folder / "b", lambda key: key in train)
    return {"plain": plain, "test": ingested(folder / "a", folder / "test"),
            "train": ingested(folder / "b", folder / "train")}


def untouched(test: dict[Key, bytes]) -> list[Key]:
    return sorted(test)[::25]


def given(serialized: bytes) -> dict[str, tf.train.Feature]:
    """A row without its unseen items, which are none of the user's other test rows."""
    features = dict(tf.train.Example.FromString(serialized).features.feature)
    del features[SPEC.unseen().name]
    return features


@pytest.fixture(scope="module")
def signatures(project, first):
    (version,) = versions(project.served).values()
    model = tf.saved_model.load(str(version))
    return lambda name, examples: {
        key: value.numpy()
        for key, value in model.signatures[name](examples=tf.constant(examples)).items()
    }


def test_the_test_rows_did_change(tables):
    plain, changed = (rows(tables[name], "test") for name in ("plain", "test"))
    assert len(plain) > 100 and plain.keys() == changed.keys()
    kept = untouched(plain)
    assert len(kept) > 4
    assert [given(plain[key]) for key in kept] == [given(changed[key]) for key in kept]
    assert sum(plain[key] != changed[key] for key in plain) > 0.8 * len(plain)


def test_untouched_rows_are_predicted_as_before(tables, signatures):
    plain, changed = (rows(tables[name], "test") for name in ("plain", "test"))
    kept = untouched(plain)
    before = signatures("predict_examples", [plain[key] for key in kept])
    after = signatures("predict_examples", [changed[key] for key in kept])
    assert before.keys() == {"retrieval", "rating", "like"}
    for task in before:
        np.testing.assert_array_equal(before[task], after[task])


def test_every_row_ranks_the_catalogue_as_before(tables, signatures):
    plain, changed = (rows(tables[name], "test") for name in ("plain", "test"))
    keys = sorted(plain)
    np.testing.assert_array_equal(
        signatures("rank_examples", [plain[key] for key in keys])["scores"],
        signatures("rank_examples", [changed[key] for key in keys])["scores"])


@pytest.mark.parametrize("table", ["users/Split-all", "items/Split-all",
                                   "interactions/Split-train", "interactions/Split-validation"])
def test_nothing_else_knows_of_the_test_rows(tables, table):
    assert sorted(read(tables["plain"] / table)) == sorted(read(tables["test"] / table))


def test_an_exchange_of_training_rows_does_show(tables, signatures):
    plain, changed = (rows(tables[name], "test") for name in ("plain", "train"))
    keys = sorted(plain.keys() & changed.keys())
    before, after = (signatures("rank_examples", [test[key] for key in keys])["scores"]
                     for test in (plain, changed))
    assert np.mean(np.abs(before - after).max(axis=1) > 1e-4) > 0.9
