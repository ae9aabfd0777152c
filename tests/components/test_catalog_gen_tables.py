import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from refusals import refuses
from tfx.types import standard_artifacts
from worlds import column, history, json_lines, own_source, png, small_spec, unseen
from worlds.examples import read_examples

from components.artifacts import Quarantine
from components.catalog_gen import component, spill
from components.catalog_gen import shards as buckets
from components.catalog_gen.ingest import ingest
from components.catalog_gen.spill import own_path
from components.catalog_gen.splits import SPLITS
from schemas import SIDES, FeatureSpec, InputError

COUNT = column("n", "INT", "events")
KIND = column("kind", "BYTES", "event_type", "label:bought=buy")
PAST, NONE = history("past", "item_id"), unseen("none")


def spec(*events: str, time: str | None = "t") -> FeatureSpec:
    return small_spec(COUNT, COUNT, "".join(events), user="BYTES u", item="INT i", time=time)


TIMED = spec()


def run(folder: Path, of: FeatureSpec, tables: dict[str, list[list[dict[str, Any]]]],
        protocol: str = "u80", name: str = "out", options_of_beam: Sequence[str] = ()) -> Path:
    """Ingests tables given as rows by shard."""
    options: dict[str, Any] = {}
    for side, shards in tables.items():
        files = [f"{side}/{place}.jsonl" for place in range(len(shards))]
        for file, rows in zip(files, shards, strict=True):
            json_lines(folder / file, rows)
        options[side] = {"files": files}
    source = own_source(folder, "jsonl", of, **options)
    out = folder / name
    (out / "scratch").mkdir(parents=True)
    with beam.Pipeline(argv=["--runner=DirectRunner", *options_of_beam]) as pipeline:
        ingest(pipeline, source, of, protocol, {side: str(out / side) for side in SIDES},
               str(out / "quarantine"), str(out / "scratch"))
    return out


def rows_of(out: Path, side: str, split: str = "all") -> list[dict[str, Any]]:
    return read_examples(out / side / f"Split-{split}")


def events_of(out: Path) -> list[dict[str, Any]]:
    return [row | {"split": split} for split in SPLITS
            for row in rows_of(out, "interactions", split)]


def faults_of(out: Path) -> list[tuple[str, str, int, str]]:
    lines = (out / "quarantine/quarantine.jsonl").read_text().splitlines()
    return [(f["table"], f["source"], f["line"], f["reason"]) for f in map(json.loads, lines)]


def counts_of(out: Path) -> dict[str, Any]:
    counts = json.loads((out / "quarantine/counts.json").read_text())
    for side in SIDES:
        assert counts[side]["read"] == counts[side]["kept"] + counts[side]["quarantined"]
    assert sum(counts["splits"].values()) == counts["interactions"]["kept"]
    return counts


def shop(users: int = 30, items: int = 20) -> dict[str, list[list[dict[str, Any]]]]:
    """Returns tables in shards, with faults of every kind in each."""
    events = [{"u": f"u{user}", "i": (user * 7 + step * step) % items, "t": 1000 + 10 * step + user}
              for step in range(12) for user in range(users)]
    events += [{"u": "u1", "i": 999, "t": 1}, {"u": "nobody", "i": 1, "t": 1},
               {"u": "nobody", "i": 999, "t": 1}, {"u": "u1", "t": 1}]
    people = [{"u": f"u{user}"} for user in range(users)]
    things = [{"i": item} for item in range(items)]
    return {"users": [people[:20], [*people[20:], {"u": "u3"}, {"i": 1}]],
            "items": [things, [{"i": 7}, {"i": "seven"}]],
            "interactions": [events[:100], events[100:101], events[101:]]}


def contents(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*")
            if p.is_file() and "scratch" not in p.parts}


@pytest.mark.parametrize("protocol", ["u80", "t80", "random"])
def test_many_buckets_hold_the_same_rows_as_one(tmp_path, monkeypatch, protocol):
    of = spec(PAST, NONE)
    whole = run(tmp_path, of, shop(), protocol, "whole")
    if protocol == "u80":
        # As engines do where a worker dies; nothing of the other attempt is left.
        twice = run(tmp_path, of, shop(), protocol, "twice", ["--direct_runner_bundle_repeat=1"])
        assert contents(whole) == contents(twice)
    monkeypatch.setattr(buckets, "_ROWS", 50)
    monkeypatch.setattr(spill, "_BLOCK_ROWS", 13)
    parted = run(tmp_path, of, shop(), protocol, "parted")
    assert len(list(whole.glob("*/Split-*/*"))) == 5
    assert len(list(parted.glob("interactions/Split-train/*"))) == 8
    for side, split in (("users", "all"), ("items", "all"),
                        *(("interactions", split) for split in SPLITS)):
        first, second = rows_of(whole, side, split), rows_of(parted, side, split)
        assert first and sorted(first, key=repr) == sorted(second, key=repr)
    assert faults_of(whole) == faults_of(parted)
    assert counts_of(whole) == counts_of(parted)
    assert counts_of(whole)["interactions"] == {"read": 364, "kept": 360, "quarantined": 4}
    assert counts_of(whole)["users"] == {"read": 32, "kept": 30, "quarantined": 2}
    assert counts_of(whole)["items"] == {"read": 22, "kept": 20, "quarantined": 2}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return run(tmp_path_factory.mktemp("shop"), TIMED, shop())


def test_faults_name_their_line_and_rows_are_in_the_order_of_ids_and_lines(out):
    assert faults_of(out) == [
        ("interactions", "interactions/2.jsonl", 260, "i 999 is not in the table of items"),
        ("interactions", "interactions/2.jsonl", 261, "u 'nobody' is not in the table of users"),
        ("interactions", "interactions/2.jsonl", 262, "i 999 is not in the table of items"),
        ("interactions", "interactions/2.jsonl", 263, "i is missing"),
        ("items", "items/1.jsonl", 1, "i 7 is already in items/0.jsonl, line 8"),
        ("items", "items/1.jsonl", 2, "i 'seven' is not a whole number"),
        ("users", "users/1.jsonl", 11, "u 'u3' is already in users/0.jsonl, line 4"),
        ("users", "users/1.jsonl", 12, "u is missing"),
    ]
    names = {p.name for p in out.rglob("*") if p.is_file() and "scratch" not in p.parts}
    assert names == {"data_tfrecord-00000-of-00001.gz", "quarantine.jsonl", "counts.json"}
    users = [row["u"][0] for row in rows_of(out, "users")]
    assert users == sorted(users) and len(users) == 30
    assert [row["i"][0] for row in rows_of(out, "items")] == list(range(20))
    train = [(row["u"][0], row["t"][0]) for row in rows_of(out, "interactions", "train")]
    assert train == sorted(train)  # each user's lines are in the order of time


def test_without_tables_of_users_and_items_they_are_those_of_the_events(tmp_path, monkeypatch):
    monkeypatch.setattr(buckets, "_ROWS", 50)
    out = run(tmp_path, TIMED, {"interactions": shop()["interactions"]})
    assert len(list(out.glob("users/Split-all/*"))) == 8
    train = rows_of(out, "interactions", "train")
    for side, key in (("users", "u"), ("items", "i")):
        counts = {row[key][0]: row["n"][0] for row in rows_of(out, side)}
        assert counts == {i: sum(row[key] == [i] for row in train) for i in counts}
        assert sum(counts.values()) == len(train) > 200
    users, items = ([row[key][0] for row in rows_of(out, side)]
                    for side, key in (("users", "u"), ("items", "i")))
    assert sorted(users) == sorted([b"nobody", *(b"u%d" % n for n in range(30))])
    assert items == [*range(20), 999]
    assert counts_of(out)["users"] == {"read": 31, "kept": 31, "quarantined": 0}
    assert counts_of(out)["items"] == {"read": 21, "kept": 21, "quarantined": 0}
    assert counts_of(out)["interactions"] == {"read": 364, "kept": 363, "quarantined": 1}


def test_the_same_event_is_kept_once(tmp_path):
    events = [
        [{"u": "a", "i": 1, "t": 5, "kind": "view"}, {"u": "a", "i": 1, "t": 5, "kind": "buy"}],
        [{"u": "a", "i": 1, "t": 5, "kind": "view"}, {"u": "a", "i": 1, "t": 6, "kind": "view"},
         {"u": "b", "i": 1, "t": 5, "kind": "view"}, {"u": "a", "i": 1, "t": 5, "kind": "buy"}],
    ]
    out = run(tmp_path, spec(KIND), {"interactions": events})
    assert faults_of(out) == [
        ("interactions", "interactions/1.jsonl", 1,
         "the same event is already in interactions/0.jsonl, line 1"),
        ("interactions", "interactions/1.jsonl", 4,
         "the same event is already in interactions/0.jsonl, line 2"),
    ]
    assert counts_of(out)["interactions"] == {"read": 6, "kept": 4, "quarantined": 2}
    assert sorted(row["kind"][0] for row in events_of(out)) == [b"buy", b"view", b"view", b"view"]


def test_without_times_a_column_may_hold_the_split_and_a_random_one_keeps_repeated_rows(tmp_path):
    events = [{"u": "a", "i": n % 6, "fold": fold} for n, fold in enumerate(
        ["train", "test", "validation", "dev", None, "train"] * 2)]
    of = spec(column("fold", "BYTES"), NONE, time=None)
    out = run(tmp_path, of, {"interactions": [events]}, "fold")
    assert {row["i"][0]: row["split"] for row in events_of(out)} == {
        0: "train", 1: "test", 2: "validation", 5: "train"}
    assert [(line, reason) for _, _, line, reason in faults_of(out)][:2] == [
        (4, "fold 'dev' is not one of train, validation, test"),
        (5, "fold None is not one of train, validation, test")]
    result = events_of(run(tmp_path, of, {"interactions": [events]}, "random", "random"))
    assert len(result) == 12
    assert len({(row["i"][0], row["split"]) for row in result}) == 6, "a pair is in one split"


def execute(folder: Path, of: FeatureSpec, **options: Any) -> dict[str, list[Any]]:
    """Runs the executor on files in a folder; returns its outputs, which are there too."""
    outputs: dict[str, list[Any]] = {side: [standard_artifacts.Examples()] for side in SIDES}
    outputs["quarantine"] = [Quarantine()]
    for name, (artifact,) in outputs.items():
        artifact.uri = str(folder / name)
    source = {"name": "jsonl", "data_dir": str(folder / "shop"),
              "files": {"spec": json.loads(of.to_json()), "options": options}}
    component.Executor().Do({}, outputs, {
        "spec": of.to_json(), "split": "u80", "key_id": "", "privacy": "{}",
        "source": json.dumps(source)})
    return outputs


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/events.jsonl").write_text('{"u": "a", "i": 1, "t": 1}\n')
    return tmp_path


@pytest.mark.parametrize("fails", [False, True])
def test_the_executor_removes_the_spill_however_it_ends(folder, monkeypatch, fails):
    scratches = []

    def stand_in(*arguments: Any) -> None:
        scratches.append(Path(arguments[-2]))
        (scratches[0] / "users-00000.rows").write_text("spilled")
        if fails:
            raise InputError("stopped", "stopped in the middle")
        nothing = {side: {"read": 0, "kept": 0} for side in SIDES}
        (scratches[0].parent / "counts.json").write_text(json.dumps(nothing))

    monkeypatch.setattr(component, "ingest", stand_in)
    with pytest.raises(InputError) if fails else nullcontext():
        execute(folder, TIMED, interactions={"files": "events.jsonl"})
    assert scratches[0].parent == folder / "quarantine"
    assert [path.name for path in (folder / "quarantine").iterdir()] == (
        [] if fails else ["counts.json"])


def test_the_executor_names_the_splits_fills_empty_ones_and_copies_pictures(folder):
    photo = png((200, 10, 10), 64, 64)
    (folder / "shop/photo.png").write_bytes(photo)
    (folder / "shop/items.jsonl").write_text(
        '{"i": 1, "photo": "photo.png"}\n{"i": 2, "photo": "cut.png"}\n')
    (folder / "shop/cut.png").write_bytes(photo[: len(photo) // 2])
    shown = small_spec("", column("photo", "BYTES", "image"), user="BYTES u", item="INT i",
                       time="t")
    outputs = execute(folder, shown, interactions={"files": "events.jsonl"},
                      items={"files": "items.jsonl"}, media_dir=".")
    assert json.loads(outputs["users"][0].split_names) == ["all"]
    assert json.loads(outputs["interactions"][0].split_names) == list(SPLITS)
    for split, number in (("train", 1), ("validation", 0), ("test", 0)):
        assert len(rows_of(folder, "interactions", split)) == number
    assert rows_of(folder, "items") == [{"i": [1], "photo": [photo]}, {"i": [2]}]
    assert faults_of(folder) == [
        ("items", "items.jsonl", 2, "photo: PNG image does not decode: it is truncated, damaged or "
         "of an unsupported kind")]


def test_a_worker_that_does_not_see_the_folder_in_between_says_so(tmp_path):
    with refuses("scratch-not-reached", tmp_path / "gone"):
        own_path(str(tmp_path / "gone"), "users")
