from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from ingested import run_ingest
from worlds import column, own_source, small_spec

from components.catalog_gen.check import Checked, Checker
from components.catalog_gen.faults import Notes, together
from components.catalog_gen.join import Catalogue
from components.sources.base import Fault, Record
from schemas import parse_spec, read_spec
from schemas.media import MediaFault

NO_TIME = "is no time: expected seconds, milliseconds or an ISO date"
EVENT = {"user_id": "7", "item_id": 3, "timestamp": "881250949", "rating": "4"}


def run(values: dict[str, Any], side: str = "interactions", *faults: Fault,
        dataset: str = "movielens") -> Checked:
    return Checker(read_spec(dataset), side).check(Record(values, "file", 1, faults))


@pytest.mark.parametrize(("column", "value", "reason"), [
    ("rating", "9", "rating '9' is outside the range 1 to 5"),
    ("rating", "nan", "rating is missing"),
    ("rating", float("inf"), "rating inf is not finite"),
    ("rating", "4_5", "rating '4_5' is not a number"),
    ("rating", "\uff14", "rating '\uff14' (\\uff14) is not a number"),
    ("timestamp", "1e9", f"timestamp '1e9' {NO_TIME}"),
    ("item_id", "1e3", "item_id '1e3' is not a whole number"),
    ("item_id", "007", "item_id '007' is not a whole number: it begins with a zero, which only a "
                       "column of BYTES keeps"),
    ("rating", [4, 5], "rating has 2 values, at most 1 fit"),
    ("timestamp", "-1", "timestamp '-1' is outside the range 0 to 4.10244e+09"),
    ("item_id", [], "item_id is missing"),
    ("item_id", 10**400, f"item_id {'1' + 59 * '0'}... is too large to be stored"),
    ("user_id", "x" * 1000, f"user_id '{59 * 'x'}... is not a whole number"),
])
def test_a_fault_in_a_hard_column_costs_the_row(column, value, reason):
    checked = run(EVENT | {column: value})
    assert checked.row_fault == reason


@pytest.mark.parametrize(("column", "value", "reason"), [
    ("age", 12, "age 12 is outside the range 13 to 110"),
    ("region", ["north", "south"], "region has 2 values, at most 1 fit"),
    ("avatar", Path("nowhere.png"), "avatar: image file nowhere.png is missing"),
])
def test_a_fault_elsewhere_costs_that_value_only(column, value, reason):
    given = {"customer": "c1", "age": 30, "region": "north", column: value}
    checked = run(given, "users", dataset="demo")
    assert checked.row_fault is None
    assert checked.value_faults == [Fault(reason, column)]
    assert set(checked.values) == {"customer", "age", "region"} - {column}


def test_a_bound_on_one_side_and_a_number_that_float32_cannot_hold():
    checked = run({"product": "p", "price": -1}, "items", dataset="demo")
    assert checked.value_faults == [Fault("price -1 is outside the range 0 to any", "price")]
    checked = run({"product": "p", "price": 1e39}, "items", dataset="demo")
    assert checked.value_faults == [Fault("price 1e+39 is too large to be stored", "price")]


def test_too_many_values():
    checked = run({"product": "p", "categories": list("abcde")}, "items", dataset="demo")
    assert checked.value_faults == [
        Fault("categories has 5 values, at most 4 fit", "categories")]
    spaced = ["a", "", None, b"", "b"]
    checked = run({"product": "p", "categories": spaced}, "items", dataset="demo")
    assert checked.values["categories"] == [b"a", b"b"]


def test_columns_that_ingest_builds_are_not_taken_from_a_source():
    checked = run({"user_id": 1, "user_events": 99}, "users")
    assert checked.values == {"user_id": [1]}


def test_text_of_any_script_and_broken_surrogates():
    checked = run({"item_id": 1, "title": "七人の侍", "overview": "a\ud800b"}, "items")
    assert checked.values["title"] == ["七人の侍".encode()]
    assert checked.values["overview"] == [b"a?b"]


def test_personal_values_are_not_quoted():
    spec = small_spec(column("phone", "INT", "pii"), user="INT u", item="INT i", time="at")
    checked = Checker(spec, "users").check(Record({"u": 1, "phone": "555-x"}, "file", 1))
    assert checked.value_faults == [
        Fault("phone (personal, not shown) is not a whole number", "phone")]
    # A role needs its value even where the schema forgot to say so.
    assert Checker(spec, "interactions").check(Record({"u": 1, "i": 2}, "f", 1)).row_fault == (
        "at is missing"
    )


def test_of_personal_media_neither_name_nor_content_is_quoted(tmp_path):
    spec = small_spec(column("face", "BYTES", "image", "pii"), user="INT u", item="INT i")
    (tmp_path / "a.png").write_bytes(b"Jane Doe, 1970")
    for raw in (b"Jane Doe, 1970", tmp_path / "a.png", tmp_path / "Jane.png"):
        checked = Checker(spec, "users").check(Record({"u": 1, "face": raw}, "file", 1))
        assert checked.value_faults == [
            Fault("face: image file (personal, not shown) cannot be read", "face")]


@pytest.mark.parametrize(("quotes", "noted"), [(True, False), (False, True)])
def test_a_reason_that_quotes_a_personal_medium_is_not_told_however_it_is_worded(
        monkeypatch, quotes, noted):
    def decode(raw: Any, modality: str) -> bytes:
        raise MediaFault("a scan of Jane", quotes=quotes)

    monkeypatch.setattr("components.catalog_gen.check.decode", decode)
    spec = small_spec(column("face", "BYTES", "image", "pii"))
    # The file's name is a part of the reason by chance.
    checked = Checker(spec, "users").check(Record({"who": "u", "face": Path("a")}, "f", 1))
    assert [("Jane" in reason, column) for reason, column in checked.value_faults] == [
        (noted, "face")]


@pytest.mark.parametrize("name", ["stars given", "stars (1 to 5)", "stars: all"])
def test_a_label_may_have_any_name(name):
    spec = small_spec(events=column(name, "FLOAT", "label:rating"))
    one = Checker(spec, "interactions")
    fault = Fault(f"{name}: the value '4,5' is no number", name)
    checked = one.check(Record({"who": "ann", "what": "a"}, "file", 1, (fault,)))
    assert checked.row_faults == (fault,)


@pytest.mark.parametrize("name", ["year made", "year (4 digits)", "year: of it"])
def test_what_the_source_left_out_of_a_column_of_any_name_is_lost(name):
    one = Checker(small_spec(items=column(name, "FLOAT", "numeric")), "items")
    one.check(Record({"what": "a"}, "file", 1, (Fault(f"{name}: the value is nothing", name),)))
    assert one.notes.lost == {name: 1}


OWN = small_spec(
    items=column("tags", "BYTES", "categorical", most=4) + column("brand", "BYTES", "categorical")
    + column("stock", "BYTES", "categorical", domain=["Y", "N"]),
    events=column("stars", "FLOAT", "label:rating", domain=(1, 5))
    + column("bought", "BYTES", "label:bought=yes")
    + column("mood", "BYTES", "label:mood", domain=["good", "none"])
    + column("note", "BYTES", "text"), user="BYTES u", item="BYTES i", one=True)


def checker(side: str = "interactions") -> Checker:
    return Checker(OWN, side)


@pytest.mark.parametrize("word", ["NULL", "\\N", "-", "nan"])
def test_a_word_for_an_absent_value_is_none_in_numbers_and_labels(word):
    one = checker()
    event = {"u": "ann", "i": "a", "stars": word, "bought": word, "note": word}
    checked = one.check(Record(event, "file", 1))
    assert checked == Checked({"u": [b"ann"], "i": [b"a"], "note": [word.encode()]})
    assert {column: count for (column, _), (count, _) in one.notes.kept.items()} == {
        "stars": 1, "bought": 1}
    assert not one.notes.lost


def test_a_class_that_the_schema_names_is_one_whatever_it_is_called():
    event = {"u": "ann", "i": "a", "mood": " none "}
    assert checker().check(Record(event, "file", 1)).values["mood"] == [b"none"]


def test_labels_and_categories_have_no_blanks_at_their_ends():
    event = {"u": "ann", "i": "a", "bought": "yes ", "note": " as it is "}
    values = checker().check(Record(event, "file", 1)).values
    assert values["bought"] == [b"yes"] and values["note"] == [b" as it is "]
    item = {"i": "a", "stock": "NA", "brand": "Caf\u0065\u0301 ", "tags": ["x ", "", " "]}
    assert checker("items").check(Record(item, "file", 1)).values == {
        "i": [b"a"], "brand": ["Café".encode()], "tags": [b"x"]}


def test_what_the_source_cannot_read_of_a_label_costs_the_row():
    event = {"u": "ann", "i": "a"}
    fault = Fault("stars: the value '4.5' is no number with a decimal comma", "stars")
    assert checker().check(Record(event, "file", 1, (fault,))).row_faults == (fault,)
    fault = Fault("note: the value is an object", "note")
    other = checker().check(Record(event, "file", 1, (fault,)))
    assert other.row_fault is None and other.value_faults == [fault]


PRICES = (column("price", "FLOAT", "numeric")
          + column("kinds", "BYTES", "categorical", rest="value_count { max: 3 }"))
LABELS = (column("stars", "FLOAT", "label:rating", domain=(1, 5))
          + column("bought", "INT", "label:bought", domain=(0, 1)))
PRICED = small_spec(items=PRICES, events=LABELS, time="when")
MAY = 1_714_521_600  # 2024-05-01


def check(*rows, spec=PRICED, side="interactions"):
    checker = Checker(spec, side)
    checked = [checker.check(Record(row, "f", line)) for line, row in enumerate(rows, 1)]
    return checked, checker.notes


def event(**values):
    return {"who": "ann", "what": "a", "when": MAY, **values}


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
    (45413, True), (4_000_000_000, True), ("1989-12-31", True),
    (631_152_000, False), (1_600_000_000_000, False),
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
    (other,), _ = check(event(who="\u200b"))
    assert other.row_fault == "who is missing", "it is nothing but marks"


@pytest.mark.parametrize("nothing", ["", "NaN", float("nan")])
def test_nan_in_a_label_is_no_label(nothing):
    checked, _ = check(event(stars=nothing))
    assert (checked[0].row_fault, checked[0].value_faults) == (None, [])
    assert "stars" not in checked[0].values


@pytest.mark.parametrize(("text", "value"), [
    ("True", 1), ("yes", 1), ("n", 0), ("0.0", 0), ("maybe", None),
])
def test_truth_in_any_case_is_0_or_1(text, value):
    checked, _ = check(event(bought=text))
    assert checked[0].values.get("bought") == (None if value is None else [value])


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


def ingest(folder, kind, spec=PRICED, **options):
    tables = {side: {"files": f"{side}.{kind}"} for side in ("items", "interactions")}
    return run_ingest(own_source(folder, kind, spec, **tables, **options), spec, folder / "out")


def test_a_csv_of_other_programs(tmp_path):
    (tmp_path / "items.csv").write_text(
        "what;price;kinds\n12;12.99;a | b\nabc;0.75;\"['a', 'b']\"\né;1.5;c\n")
    (tmp_path / "interactions.csv").write_text(
        "who;what;when;stars\nann;12.0;20240501;nan\nbob;ABC;20240502;4,5\n"
        "bob;e\u0301;45413;4,5\nbob;12;20240503;4.5\n")
    done = ingest(tmp_path, "csv", delimiter=";", decimal=",")
    assert done.reasons_of("interactions") == {
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
