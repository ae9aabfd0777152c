import gzip
import os
from pathlib import Path

import pytest
from refusals import refuses
from worlds import column, json_lines, json_source, own_source, records, small_spec

from components.catalog_gen.check import Checker
from components.privacy.hiding import hidden
from components.sources import open_source
from components.sources.base import Fault
from components.sources.spans import SpanSource

TAGS = column("tags", "BYTES", "categorical", most=3) + column("photo", "BYTES", "image")
STARS = column("stars", "FLOAT", "label:rating", domain=(1, 5))
SPEC = small_spec(items=TAGS, events=STARS, time="when", one=True)


def source(folder: Path, name: str = "csv", **options):
    return own_source(folder, name, SPEC, **{"interactions": {"files": "events.csv"}} | options)


def test_maps_columns_and_knows_absent_tables(tmp_path):
    (tmp_path / "events.csv").write_text("customer,what,when,stars\nann,a,10,4\n")
    opened = source(tmp_path, interactions={"files": "events.csv", "columns": {"who": "customer"}})
    assert records(opened)[0].values["who"] == "ann"
    assert not opened.has_table("users") and opened.shards("users") == []
    (tmp_path / "events.csv").write_text("who\twhat\twhen\nann\ta\t10\n")
    for delimiter in ("\t", "\\t", "tab"):
        assert records(source(tmp_path, delimiter=delimiter))[0].values["what"] == "a"


def test_a_decimal_comma_leaves_moments_and_reaches_lists(tmp_path):
    sizes = column("sizes", "FLOAT", "numeric", most=3)
    spec = small_spec(items=TAGS + sizes, events=STARS, time="when")
    (tmp_path / "items.csv").write_text("what;sizes\na;1.200,5|2,5\n")
    (tmp_path / "events.csv").write_text(
        "who;what;when;stars\nann;a;2024-05-01T12:00:00.250Z;3,5\n")
    opened = own_source(tmp_path, "csv", spec, interactions={"files": "events.csv"},
                        items={"files": "items.csv"}, media_dir=".", delimiter=";", decimal=",")
    (event,) = records(opened)
    assert (event.values["when"], event.values["stars"]) == ("2024-05-01T12:00:00.250Z", "3.5")
    assert records(opened, "items")[0].values["sizes"] == ["1200.5", "2.5"]


def test_a_folder_that_is_called_like_a_person_is_shown_by_a_number(tmp_path):
    text = "what,when\n" + "a,10\n" * 20_000
    for name in ("Bob", "Jane Doe", "Jane%20Roe"):
        (tmp_path / "sales" / f" who ={name}").mkdir(parents=True)
        (tmp_path / "sales" / f" who ={name}" / "e.csv").write_text("what,when\na,10\nb\n")
    opened = own_source(tmp_path, "csv", hidden(SPEC), interactions={"files": "sales/*/e.csv"})
    result = records(opened)
    assert [one.values["who"] for one in result[::2]] == ["Bob", "Jane Doe", "Jane Roe"]
    assert [one.source for one in result[::2]] == [
        f"sales/ who =(personal, not shown) {number}/e.csv" for number in (1, 2, 3)]
    assert records(own_source(tmp_path, "csv", SPEC, interactions={"files": "sales/*/e.csv"}))[
        2].source == "sales/ who =Jane Doe/e.csv"
    # What a failed run keeps of it names no person either.
    (tmp_path / "sales" / " who =Jane Doe" / "e.csv").write_bytes(gzip.compress(text.encode())[:-8])
    with refuses("damaged-text-file", "sales/ who =(personal, not shown) 2/e.csv") as error:
        records(opened)
    assert "Jane" not in str(error.value)


EMOTIONS = (
    "track id, genre, sound file, age, gender, mother tongue, liked\n"
    "1,classical,1.mp3,21,1,English,5\n"
    "2, pop , a/b.c.mp3,30,,German,4\n"
)


def test_values_of_several_columns(tmp_path):
    (tmp_path / "events.csv").write_text(EMOTIONS)
    opened = source(tmp_path, interactions={"files": "events.csv", "columns": {
        "who": "{age}-{gender}-{ mother tongue }", " what": "track id", "when": "{age}",
        "stars": " liked "}})
    first, second = records(opened)
    assert first.values == {"who": "21-1-English", "what": "1", "when": "21", "stars": "5"}
    assert "who" not in second.values  # a part of it is empty
    assert second.faults == ()


def test_paths_of_several_columns(tmp_path):
    (tmp_path / "events.csv").write_text(EMOTIONS)
    opened = source(
        tmp_path, interactions={"files": "events.csv", "columns": {
            "who": "age", "what": "track id", "when": "liked"}},
        items={"files": "events.csv", "columns": {
            "what": "{track id}", "photo": "{genre}_{sound file.stem}.wav", "tags": "{genre}|x"}})
    first, second = records(opened, "items")
    assert first.values["photo"] == tmp_path / "classical_1.wav"
    assert second.values["photo"] == tmp_path / "pop_a/b.c.wav"
    assert first.values["tags"] == ["classical", "x"]


def test_numbers_in_keys_have_no_point_whatever_the_format(tmp_path):
    import pyarrow
    import pyarrow.parquet

    columns = {"who": "{a}-{b}", "what": "a"}
    expected = [("1-2", "1"), ("1-2.5", "1"), (None, "1")]
    table = {" a ": [1, 1, 1], "b": [2.0, 2.5, None], "when": [1, 2, 3]}
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "events.parquet")
    json_lines(tmp_path / "events.jsonl", (dict(zip(table, row, strict=True))
                                           for row in zip(*table.values(), strict=True)))
    (tmp_path / "events.csv").write_text("a ,b,when\n1,2,1\n1,2.5,2\n1,,3\n")
    for name in ("parquet", "jsonl", "csv"):
        result = records(source(tmp_path, name, interactions={
            "files": f"events.{name}", "columns": columns}))
        assert [(r.values.get("who"), r.values["what"]) for r in result] == expected


def test_a_fault_in_a_part_is_told_of_the_whole(tmp_path):
    (tmp_path / "events.jsonl").write_text(
        '{"a": {"b": 1}, "what": 1, "when": 1}\n{"a": 1, "what": 1, "when": 1}\n')
    first, second = records(source(tmp_path, "jsonl", interactions={
        "files": "events.jsonl", "columns": {"who": "u{a}"}}))
    assert first.faults == (
        Fault("who: the value is an object, expected a single text or number", "who"),)
    assert second.values["who"] == "u1"


def test_no_folder_and_no_configuration(tmp_path):
    with refuses("no-data-folder", "nowhere"):
        source(tmp_path / "nowhere")
    with refuses("unknown-dataset", "'netflix'", "csv, demo, jsonl"):
        open_source("netflix", str(tmp_path))
    with refuses("source-without-config"):
        open_source("csv", str(tmp_path))


def test_a_key_that_first_appears_late_is_a_column(tmp_path):
    event = {"who": "ann", "thing": "a", "when": 10}
    json_lines(tmp_path / "events.jsonl", [event] * 1500 + [{**event, "grade": 4}])
    json_lines(tmp_path / "more.jsonl", [{"who": "bob", "thing": "b"}])  # ingest's to refuse
    opened = source(tmp_path, "jsonl", interactions={
        "files": "*.jsonl", "columns": {"what": "thing", "stars": "grade"}})
    assert [(r.values.get("stars"), r.values.get("when")) for r in records(opened)[1499:]] == [
        (None, 10), (4, 10), (None, None)]


@pytest.mark.parametrize("columns", [{"stars": "grade"}, {"stars": "{grade}"}])
def test_a_key_that_no_object_has_is_missing(tmp_path, columns):
    json_lines(tmp_path / "events.jsonl", [{"who": "ann", "what": "a", "when": 10}] * 1500)
    with refuses("missing-column", "events.jsonl", "'grade'", "who, what"):
        source(tmp_path, "jsonl", interactions={"files": "events.jsonl", "columns": columns})


def test_an_optional_column_may_be_absent_from_some_files(tmp_path):
    (tmp_path / "events-0.csv").write_text("who,what,when,grade\nann,a,10,4\n")
    (tmp_path / "events-1.csv").write_text("who,what,when\nbob,b,20\n")
    options = {"files": "events-*.csv", "columns": {"stars": "grade"}}
    assert [r.values.get("stars") for r in records(source(tmp_path, interactions=options))] == [
        "4", None]
    (tmp_path / "events-1.csv").write_text("who,what\nbob,b\n")
    with refuses("missing-column", "events-1.csv", "'when'"):
        source(tmp_path, interactions=options)


def test_a_template_reads_whole_numbers_as_ids_are_read_and_sql_s_mark_as_absent(tmp_path):
    (tmp_path / "events.csv").write_text("shop,no,what,when,stars\nnorth,7.0,a,10,4\n"
                                         "north,7,a,11,\\N\nnorth,\\N,a,12,4\n")
    opened = source(tmp_path, interactions={"files": "events.csv",
                                            "columns": {"who": "{shop}-{no}"}})
    assert [(r.values.get("who"), r.values.get("stars")) for r in records(opened)] == [
        ("north-7", "4"), ("north-7", None), (None, "4")]


@pytest.mark.parametrize("quoting", ["standard", "backslash"])
def test_quotes_behind_backslashes_where_the_user_says_so(tmp_path, quoting):
    (tmp_path / "events.csv").write_text('who,what,when,stars\nann,"say \\"a\\"",10,4\n')
    (row,) = records(source(tmp_path, quoting=quoting))
    assert row.values.get("what") == ('say "a"' if quoting == "backslash" else None)


def test_a_file_whose_name_has_brackets(tmp_path):
    (tmp_path / "events [1].csv").write_text("who,what,when,stars\nann,a,10,4\nbob,b,20,\n")
    assert len(records(source(tmp_path, interactions={"files": "events [1].csv"}))) == 2
    with refuses("pattern-matches-nothing"):
        source(tmp_path, interactions={"files": "events [2].csv"})


def test_the_origin_of_a_row_can_be_written_whatever_the_name_of_its_file(tmp_path):
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / os.fsdecode(b"caf\xe9 \xc3\xa9.csv")).write_text(
        "who,what,when,stars\nann,a,10,4\n")
    opened = source(tmp_path / "day", interactions={"files": "*.csv"})
    (row,), (of_span,) = records(opened), records(SpanSource(str(tmp_path), (("day", opened),)))
    assert (row.source, of_span.source) == ("caf\\xe9 é.csv", "day/caf\\xe9 é.csv")


@pytest.mark.parametrize("name", ["of-zoe.jpg", "../of-zoe.jpg", "of-zoe" * 50, "of-zoe\0"])
@pytest.mark.parametrize("personal", [True, False])
def test_the_file_of_a_personal_picture_is_not_named(tmp_path, name, personal):
    spec = small_spec(column("photo", "BYTES", "image", *(["pii"] if personal else [])))
    (row,) = records(json_source(tmp_path, spec, {
        "users": [{"who": "u1", "photo": name}],
        "interactions": [{"who": "u1", "what": "i1"}]}), "users")
    ((reason, _),) = Checker(spec, "users").check(row).value_faults
    assert ("zoe" in reason) is not personal and reason.startswith("photo: ")
