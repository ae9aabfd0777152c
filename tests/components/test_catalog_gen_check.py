"""The hard rules on one record: what costs the row, what only a value, and what is said."""

from pathlib import Path
from typing import Any

import pytest
from worlds import column, small_spec

from components.catalog_gen.check import Checked, Checker
from components.sources import Record
from schemas import read_spec

NO_TIME = "is no time: expected seconds, milliseconds or an ISO date"
EVENT = {"user_id": "7", "item_id": 3, "timestamp": "881250949", "rating": "4"}


def run(values: dict[str, Any], side: str = "interactions", *faults: str,
        dataset: str = "movielens") -> Checked:
    return Checker(read_spec(dataset), side).check(Record(values, "file", 1, faults))


def test_values_become_lists_of_the_schemas_types() -> None:
    checked = run(EVENT)
    assert checked == Checked(
        {"user_id": [7], "item_id": [3], "timestamp": [881250949], "rating": [4.0]}
    )
    assert isinstance(checked.values["rating"][0], float)


@pytest.mark.parametrize(("column", "value", "reason"), [
    ("rating", "9", "rating '9' is outside the range 1 to 5"),
    ("rating", 0.5, "rating 0.5 is outside the range 1 to 5"),
    ("rating", "good", "rating 'good' is not a number"),
    ("rating", "nan", "rating is missing"),
    ("rating", "inf", "rating 'inf' is not a number"),
    ("rating", float("inf"), "rating inf is not finite"),
    ("rating", "4_5", "rating '4_5' is not a number"),
    ("rating", "+4", "rating '+4' is not a number"),
    ("rating", b"4_5", "rating '4_5' is not a number"),
    ("rating", "\uff14", "rating '\uff14' (\\uff14) is not a number"),
    ("timestamp", "2019_10_01", f"timestamp '2019_10_01' {NO_TIME}"),
    ("timestamp", "1e9", f"timestamp '1e9' {NO_TIME}"),
    ("item_id", "1e3", "item_id '1e3' is not a whole number"),
    ("item_id", "0x10", "item_id '0x10' is not a whole number"),
    ("item_id", "1_0", "item_id '1_0' is not a whole number"),
    ("item_id", "007", "item_id '007' is not a whole number: it begins with a zero, which only a "
                       "column of BYTES keeps"),
    ("rating", None, "rating is missing"),
    ("rating", [4, 5], "rating has 2 values, at most 1 fit"),
    ("timestamp", "-1", "timestamp '-1' is outside the range 0 to 4.10244e+09"),
    ("timestamp", "noon", f"timestamp 'noon' {NO_TIME}"),
    ("timestamp", float("nan"), "timestamp is missing"),
    ("timestamp", "", "timestamp is missing"),
    ("item_id", "", "item_id is missing"),
    ("item_id", [], "item_id is missing"),
    ("item_id", 10**400, f"item_id {'1' + 59 * '0'}... is too large to be stored"),
    ("user_id", "x" * 1000, f"user_id '{59 * 'x'}... is not a whole number"),
])
def test_a_fault_in_a_hard_column_costs_the_row(column: str, value: Any, reason: str) -> None:
    checked = run(EVENT | {column: value})
    assert checked.row_fault == reason


def test_what_the_source_saw_is_told_with_the_fault() -> None:
    checked = run({}, "interactions", "the line has 3 fields, expected 4")
    assert checked.row_fault == "the line has 3 fields, expected 4; user_id is missing"


@pytest.mark.parametrize(("column", "value", "reason"), [
    ("age", "old", "age 'old' is not a whole number"),
    ("age", 12, "age 12 is outside the range 13 to 110"),
    ("region", ["north", "south"], "region has 2 values, at most 1 fit"),
    ("avatar", Path("nowhere.png"), "avatar: image file nowhere.png is missing"),
    ("avatar", b"GIF89a", "avatar: not a readable JPEG, PNG, GIF or BMP image "
                          "(it starts with b'GIF89a')"),
])
def test_a_fault_elsewhere_costs_that_value_only(column: str, value: Any, reason: str) -> None:
    given = {"customer": "c1", "age": 30, "region": "north", column: value}
    checked = run(given, "users", dataset="demo")
    assert checked.row_fault is None
    assert checked.value_faults == [reason]
    assert set(checked.values) == {"customer", "age", "region"} - {column}


def test_a_bound_on_one_side_and_a_number_that_float32_cannot_hold() -> None:
    checked = run({"product": "p", "price": -1}, "items", dataset="demo")
    assert checked.value_faults == ["price -1 is outside the range 0 to any"]
    checked = run({"product": "p", "price": 1e39}, "items", dataset="demo")
    assert checked.value_faults == ["price 1e+39 is too large to be stored"]


def test_too_many_values() -> None:
    checked = run({"product": "p", "categories": list("abcde")}, "items", dataset="demo")
    assert checked.value_faults == ["categories has 5 values, at most 4 fit"]
    spaced = ["a", "", None, b"", "b"]
    checked = run({"product": "p", "categories": spaced}, "items", dataset="demo")
    assert checked.values["categories"] == [b"a", b"b"]


def test_a_label_may_be_absent_where_the_schema_lets_it_but_not_wrong() -> None:
    event = {"customer": "c", "product": "p", "time": 1}
    assert run(event, dataset="demo").row_fault is None
    assert run(event | {"stars": 6}, dataset="demo").row_fault == (
        "stars 6 is outside the range 1 to 5"
    )


def test_a_source_fault_is_kept_with_the_good_row() -> None:
    checked = run({"item_id": 1, "title": "Ran"}, "items", "the year 'x' is not a number")
    assert (checked.row_fault, checked.value_faults) == (None, ["the year 'x' is not a number"])


def test_columns_that_ingest_builds_are_not_taken_from_a_source() -> None:
    checked = run({"user_id": 1, "user_events": 99}, "users")
    assert checked.values == {"user_id": [1]}


def test_text_of_any_script_and_broken_surrogates() -> None:
    checked = run({"item_id": 1, "title": "七人の侍", "overview": "a\ud800b"}, "items")
    assert checked.values["title"] == ["七人の侍".encode()]
    assert checked.values["overview"] == [b"a?b"]


def test_personal_values_are_not_quoted() -> None:
    spec = small_spec(column("phone", "INT", "pii"), user="INT u", item="INT i", time="at")
    checked = Checker(spec, "users").check(Record({"u": 1, "phone": "555-x"}, "file", 1))
    assert checked.value_faults == ["phone (personal, not shown) is not a whole number"]
    # A role needs its value even where the schema forgot to say so.
    assert Checker(spec, "interactions").check(Record({"u": 1, "i": 2}, "f", 1)).row_fault == (
        "at is missing"
    )


OWN = small_spec(
    items=column("tags", "BYTES", "categorical", most=4) + column("brand", "BYTES", "categorical")
    + column("stock", "BYTES", "categorical", domain=["Y", "N"]),
    events=column("stars", "FLOAT", "label:rating", domain=(1, 5))
    + column("bought", "BYTES", "label:bought=yes")
    + column("mood", "BYTES", "label:mood", domain=["good", "none"])
    + column("note", "BYTES", "text"), user="BYTES u", item="BYTES i", one=True)


def checker(side: str = "interactions") -> Checker:
    return Checker(OWN, side)


@pytest.mark.parametrize("word", ["NA", "NULL", "\\N", "None", "-", "n/a", "#N/A", "nan"])
def test_a_word_for_an_absent_value_is_none_in_numbers_and_labels(word: str) -> None:
    one = checker()
    event = {"u": "ann", "i": "a", "stars": word, "bought": word, "note": word}
    checked = one.check(Record(event, "file", 1))
    assert checked == Checked({"u": [b"ann"], "i": [b"a"], "note": [word.encode()]})
    assert {column: count for (column, _), (count, _) in one.notes.kept.items()} == {
        "stars": 1, "bought": 1}
    assert not one.notes.lost


def test_a_class_that_the_schema_names_is_one_whatever_it_is_called() -> None:
    event = {"u": "ann", "i": "a", "mood": " none "}
    assert checker().check(Record(event, "file", 1)).values["mood"] == [b"none"]


def test_labels_and_categories_have_no_blanks_at_their_ends() -> None:
    event = {"u": "ann", "i": "a", "bought": "yes ", "note": " as it is "}
    values = checker().check(Record(event, "file", 1)).values
    assert values["bought"] == [b"yes"] and values["note"] == [b" as it is "]
    item = {"i": "a", "stock": "NA", "brand": "Caf\u0065\u0301 ", "tags": ["x ", "", " "]}
    assert checker("items").check(Record(item, "file", 1)).values == {
        "i": [b"a"], "brand": ["Café".encode()], "tags": [b"x"]}


def test_what_the_source_cannot_read_of_a_label_costs_the_row() -> None:
    event = {"u": "ann", "i": "a"}
    fault = "stars: the value '4.5' is no number with a decimal comma"
    assert checker().check(Record(event, "file", 1, (fault,))).row_fault == fault
    other = checker().check(Record(event, "file", 1, ("note: the value is an object",)))
    assert other.row_fault is None and other.value_faults == ["note: the value is an object"]
