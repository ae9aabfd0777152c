"""Ingest of a small shop with planted faults, from files to Examples and a quarantine."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from ingested import run_ingest
from tfx.types import standard_artifacts

from components.artifacts import Quarantine
from components.catalog_gen.executor import Executor
from components.catalog_gen.splits import SPLITS
from components.sources import DemoSource
from components.sources.demo import DemoSizes, write_demo
from schemas import SIDES, InputError, read_spec

SPEC = read_spec("demo")
SIZES = DemoSizes(users=6, items=20, events=60)


def change(path: Path, edit: Callable[[list[list[str]]], None]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    edit(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def plant_faults(shop: Path) -> None:
    """Adds rows with faults at each table's end, and damages one picture."""
    change(shop / "interactions.csv", lambda rows: rows.extend([
        ["c0000", "p0001", "1719705600", "9", "1", ""],
        ["nobody", "p0001", "1719705600", "3", "1", ""],
        ["c0000", "nothing", "1719705600", "3", "1", ""],
        ["c0000", "p0001", "yesterday", "3", "1", ""],
        ["c0000"],
    ]))
    change(shop / "users.csv", lambda rows: rows.extend([
        ["c0000", "30", "north", "", "", "the same again"],
        ["c0006", "7", "north", "", "", "too young"],
    ]))
    change(shop / "items.csv", lambda rows: rows.append(
        ["p0020", "Lamp", "", "media/photos/cut.png", "", "", "home", "2.50"]
    ))
    whole = next((shop / "media/photos").glob("*.png")).read_bytes()
    (shop / "media/photos/cut.png").write_bytes(whole[: len(whole) // 2])


def run(shop: Path, out: Path, protocol: str = "u80") -> Path:
    run_ingest(DemoSource(str(shop)), SPEC, out, protocol)
    return out


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ingest")
    write_demo(folder / "shop", SIZES)
    plant_faults(folder / "shop")
    return run(folder / "shop", folder / "out")


def examples(out: Path, side: str, split: str = "all") -> list[dict]:
    files = sorted((out / side / f"Split-{split}").glob("data_tfrecord-*.gz"))
    rows = []
    for record in tf.data.TFRecordDataset([str(f) for f in files], "GZIP").as_numpy_iterator():
        example = tf.train.Example.FromString(record)
        rows.append({
            name: list(getattr(value, value.WhichOneof("kind")).value)
            for name, value in example.features.feature.items()
        })
    return rows


def quarantine(out: Path) -> list[dict]:
    text = (out / "quarantine/quarantine.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_planted_fault_is_named_with_its_place(result: Path) -> None:
    found = [(f["table"], f["source"], f["line"], f["kind"], f["reason"])
             for f in quarantine(result)]
    events, users, items = "interactions.csv", "users.csv", "items.csv"
    assert found == [
        ("interactions", events, 62, "row", "stars '9' is outside the range 1 to 5"),
        ("interactions", events, 63, "row", "customer 'nobody' is not in the table of users"),
        ("interactions", events, 64, "row", "product 'nothing' is not in the table of items"),
        ("interactions", events, 65, "row", "time 'yesterday' is no time: "
         "expected seconds, milliseconds or an ISO date"),
        ("interactions", events, 66, "row",
         "the line has 1 fields, expected 6; customer is missing"),
        ("items", items, 22, "value",
         "photo: PNG image does not decode: it is truncated, damaged or of an unsupported kind"),
        ("users", users, 8, "row", "customer 'c0000' is already in users.csv, line 2"),
        ("users", users, 9, "value", "age '7' is outside the range 13 to 110"),
    ]


def test_nothing_is_lost(result: Path) -> None:
    counts = json.loads((result / "quarantine/counts.json").read_text())
    assert counts["users"] == {"read": 8, "kept": 7, "quarantined": 1}
    assert counts["items"] == {"read": 21, "kept": 21, "quarantined": 0}
    assert counts["interactions"] == {"read": 65, "kept": 60, "quarantined": 5}
    assert counts["split"] == "u80"
    tables = {side: len(examples(result, side)) for side in ("users", "items")}
    assert tables == {"users": 7, "items": 21}
    splits = {split: len(examples(result, "interactions", split)) for split in SPLITS}
    assert counts["splits"] == splits
    assert sum(splits.values()) == 60 and min(splits.values()) > 0


def test_only_training_events_are_counted(result: Path) -> None:
    train = examples(result, "interactions", "train")
    for side, key in (("users", "customer"), ("items", "product")):
        expected = Counter(row[key][0] for row in train)
        found = {row[key][0]: row[f"{key}_events"][0] for row in examples(result, side)}
        assert found == {identity: expected[identity] for identity in found}
        assert sum(found.values()) == len(train)


def test_a_row_without_a_value_lives_on_without_the_column(result: Path) -> None:
    lamp = next(row for row in examples(result, "items") if row["product"] == [b"p0020"])
    assert lamp == {
        "product": [b"p0020"], "name": [b"Lamp"], "categories": [b"home"], "price": [2.5],
        "product_events": [0],
    }


def test_histories_come_from_earlier_splits_newest_first(result: Path) -> None:
    train, validation, test = (examples(result, "interactions", split) for split in SPLITS)
    for row in test:
        user = row["customer"]
        earlier = [e for e in train + validation if e["customer"] == user]
        times = sorted((e["time"][0] for e in earlier), reverse=True)
        assert row["history_times"] == times[:30]
        assert {*row["history_products"]} <= {e["product"][0] for e in earlier}


def test_pictures_stay_the_bytes_of_their_files(result: Path) -> None:
    shop = result.parent / "shop"
    shown = [row for row in examples(result, "items") if "photo" in row]
    assert shown
    for row in shown:
        path = shop / f"media/photos/{row['product'][0].decode()}.png"
        assert row["photo"] == [path.read_bytes()]


def test_a_global_split_leaves_every_later_event_held_out(result: Path, tmp_path: Path) -> None:
    run(result.parent / "shop", tmp_path, "t80")
    times = [[row["time"][0] for row in examples(tmp_path, "interactions", split)]
             for split in SPLITS]
    assert [len(t) for t in times] == [48, 6, 6]
    assert max(times[0]) < min(times[1]) and max(times[1]) < min(times[2])


def execute(source: dict, folder: Path) -> dict:
    outputs = {side: [standard_artifacts.Examples()] for side in SIDES}
    outputs["quarantine"] = [Quarantine()]
    for name, (artifact,) in outputs.items():
        artifact.uri = str(folder / name)
    Executor().Do({}, outputs, {
        "spec": SPEC.to_json(), "split": "u80", "source": json.dumps(source)})
    return outputs


def test_a_file_that_breaks_off_is_told_without_a_word_of_beam(tmp_path: Path) -> None:
    write_demo(tmp_path / "shop", SIZES)
    for side in SIDES:
        whole = gzip.compress((tmp_path / "shop" / f"{side}.csv").read_bytes())
        cut = len(whole) - 20 if side == "interactions" else len(whole)
        (tmp_path / "shop" / f"{side}.csv.gz").write_bytes(whole[:cut])
    files = {"spec": json.loads(SPEC.to_json()),
             "options": {side: {"files": f"{side}.csv.gz"} for side in SIDES}}
    with pytest.raises(InputError, match="interactions.csv.gz") as caught:
        execute({"name": "csv", "data_dir": str(tmp_path / "shop"), "files": files}, tmp_path)
    assert "while running" not in str(caught.value)


def test_the_executor_names_the_splits_and_fills_empty_ones(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    write_demo(shop, SIZES)
    change(shop / "interactions.csv", lambda rows: rows.__delitem__(slice(2, None)))
    outputs = execute({"name": "demo", "data_dir": str(shop)}, tmp_path)
    assert json.loads(outputs["users"][0].split_names) == ["all"]
    assert json.loads(outputs["interactions"][0].split_names) == list(SPLITS)
    assert [len(examples(tmp_path, "interactions", split)) for split in SPLITS] == [1, 0, 0]
    for path in tmp_path.glob("interactions/Split-*/*.gz"):
        gzip.decompress(path.read_bytes())
    assert quarantine(tmp_path) == []
