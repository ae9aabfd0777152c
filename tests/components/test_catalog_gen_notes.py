"""Values that ingest reads in another form, or doubts: kept, counted and told."""

import pyarrow
import pyarrow.parquet
import pytest
from ingested import run_ingest
from worlds import column, own_source, small_spec

from components.catalog_gen.check import Checker
from components.catalog_gen.faults import Notes, together
from components.catalog_gen.join import Catalogue
from components.sources import Record
from schemas import parse_spec

PRICES = (column("price", "FLOAT", "numeric")
          + column("kinds", "BYTES", "categorical", rest="value_count { max: 3 }"))
LABELS = (column("stars", "FLOAT", "label:rating", domain=(1, 5))
          + column("bought", "INT", "label:bought", domain=(0, 1)))
SPEC = small_spec(items=PRICES, events=LABELS, time="when")
MAY = 1_714_521_600  # 2024-05-01


def check(*rows, spec=SPEC, side="interactions"):
    checker = Checker(spec, side)
    checked = [checker.check(Record(row, "f", line)) for line, row in enumerate(rows, 1)]
    return checked, checker.notes


def event(**values):
    return {"who": "ann", "what": "a", "when": MAY, **values}


def test_clean_rows_have_no_note():
    checked, notes = check(event(), event(when=str(MAY), stars="4"), event(when="2024-05-01"))
    assert all(one.row_fault is None and one.values["when"] == [MAY] for one in checked)
    assert notes.kept == notes.lost == {} and notes.empty == {"bought"}


def test_what_is_changed_is_counted_with_the_first_of_each():
    checked, notes = check(
        event(what="cafe\u0301"), event(what="café"), event(what="café\u200b "),
        event(what="12.0"), event(when="20240501"), event(when=20240501))
    assert [one.values["what"] for one in checked[:4]] == [["café".encode()]] * 3 + [[b"12"]]
    assert [one.values["when"] for one in checked[4:]] == [[MAY], [MAY]]
    message = {name: [] for name, _ in notes.kept}
    for (name, _), (count, example) in notes.kept.items():
        message[name].append((count, example))
    assert message == {
        "what": [(2, "'cafe\u0301' (cafe\\u0301) in f, line 1"), (1, "'12.0' in f, line 4")],
        "when": [(2, "'20240501' in f, line 5")]}


@pytest.mark.parametrize(("when", "unlikely"), [
    (45413, True), ("45413", True), (2024, True), (4_000_000_000, True), ("1989-12-31", True),
    (631_152_000, False), ("1990-01-01", False), (1_600_000_000_000, False),
])
def test_times_outside_the_likely_range_are_kept_and_told(when, unlikely):
    checked, notes = check(event(when=when))
    assert checked[0].row_fault is None
    assert [(column, count) for (column, _), (count, _) in notes.kept.items()] == (
        [("when", 1)] if unlikely else [])


def test_the_range_of_the_schema_is_the_likely_one():
    spec = small_spec(events=column("when", "INT", "timestamp", domain=(0, 99999999)))
    checked, notes = check(event(when=5), event(when="20240501"), event(when=10**8), spec=spec)
    assert [one.values.get("when") for one in checked] == [[5], [20240501], None]
    assert "outside the range 0 to 1e+08" in checked[2].row_fault
    assert notes.kept == {}


@pytest.mark.parametrize("nothing", [None, "", "nan", "NaN", float("nan")])
def test_nan_in_a_label_is_no_label(nothing):
    checked, _ = check(event(stars=nothing))
    assert (checked[0].row_fault, checked[0].value_faults) == (None, [])
    assert "stars" not in checked[0].values


@pytest.mark.parametrize(("text", "value"), [
    ("True", 1), ("FALSE", 0), ("yes", 1), ("n", 0), ("1", 1), ("0.0", 0), ("maybe", None),
])
def test_truth_in_any_case_is_0_or_1(text, value):
    checked, _ = check(event(bought=text))
    assert checked[0].values.get("bought") == (None if value is None else [value])


def test_an_id_of_nothing_but_marks_is_missing():
    checked, _ = check(event(who="\u200b"))
    assert checked[0].row_fault == "who is missing"


def test_notes_of_shards_are_put_together():
    one = Notes({("a", "x"): (2, "first")}, {"b": 1, "c": 4}, {"b", "c"})
    two = Notes({("a", "x"): (3, "second")}, {"b": 1}, {"b"})
    assert together([one, two]) == {
        "notes": [{"column": "a", "what": "x", "count": 5, "example": "first"}],
        "lost": [{"column": "b", "count": 2, "empty": True},
                 {"column": "c", "count": 4, "empty": False}]}
    assert together([]) == {"notes": [], "lost": []}


def test_personal_values_are_not_shown_as_an_example():
    plain = small_spec(time="when")
    texts = [text.replace('tag: "user_id"', 'tag: "user_id" tag: "pii"') for text in plain.texts]
    spec = parse_spec("p", texts)
    _, notes = check(event(who="ann "), spec=spec)
    assert [example for _, example in notes.kept.values()] == [
        "(personal, not shown) in f, line 1"]


def test_similar_ids_of_the_catalogue():
    known = Catalogue([b"7", b"abc"])
    assert (known.similar(b"007"), known.similar(b"ABC"), known.similar(b"x")) == (
        b"7", b"abc", None)
    assert Catalogue([1, 2]).similar(3) is None


def ingest(folder, kind, spec=SPEC, **options):
    tables = {side: {"files": f"{side}.{kind}"} for side in ("items", "interactions")}
    return run_ingest(own_source(folder, kind, spec, **tables, **options), spec, folder / "out")


def test_a_csv_of_other_programs(tmp_path):
    (tmp_path / "items.csv").write_text(
        "what;price;kinds\n12;12.99;a | b\nabc;0.75;\"['a', 'b']\"\né;1.5;c\n")
    (tmp_path / "interactions.csv").write_text(
        "who;what;when;stars\nann;12.0;20240501;nan\nbob;ABC;20240502;4,5\n"
        "bob;e\u0301;45413;4,5\nbob;12;20240503;4.5\n")
    done = ingest(tmp_path, "csv", delimiter=";", decimal=",")
    assert done.told("interactions") == {
        ("interactions.csv", 3): "row: what 'ABC' is not in the table of items, which has 'abc'",
        ("interactions.csv", 5): "row: stars: the value '4.5' is no number with a decimal comma"}
    assert done.kept("interactions") == 2 and done.kept("items") == 3
    message = done.counts["remarks"]
    assert message["items"] == {"notes": [], "lost": [
        {"column": "price", "count": 3, "empty": True}]}
    assert [(n["column"], n["count"]) for n in message["interactions"]["notes"]] == [
        ("stars", 1), ("what", 1), ("what", 1), ("when", 2), ("when", 1)]
    assert sum(b"\n\x01a\n\x01b" in row for row in done.in_order["items/Split-all"]) == 2


def test_a_parquet_file_of_pandas(tmp_path, monkeypatch):
    monkeypatch.setattr("components.sources.files.parquet._PROBE", "")
    nan = float("nan")
    pyarrow.parquet.write_table(pyarrow.table({"what": [1.0, 2.0], "price": [nan, 3.0]}),
                                tmp_path / "items.parquet")
    pyarrow.parquet.write_table(pyarrow.table({
        "who": ["ann", "bob"], "what": [1, 2], "when": [MAY, 20240501], "stars": [nan, 4.0],
    }), tmp_path / "interactions.parquet")
    done = ingest(tmp_path, "parquet")
    assert done.faults == [] and done.kept("interactions") == 2
    assert done.counts["remarks"]["items"] == {"notes": [], "lost": []}
