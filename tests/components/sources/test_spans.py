from pathlib import Path

import pytest
from ingested import run_ingest
from pydantic import ValidationError
from refusals import refuses
from worlds import column, own_source, records, small_spec

from components.catalog_gen.component import fingerprint
from components.sources import open_source
from components.sources.spans import Spans, span_names

SPEC = small_spec(items=column("photo", "BYTES", "image"), time="when", one=True)
FILES = {"interactions": {"files": "events.csv"}, "items": {"files": "items.csv"}}
DAYS = ("2026-11-19", "2026-11-20", "2026-11-21")


@pytest.fixture
def folder(tmp_path):
    """Three days with an event each; the items are in the newest one, and a delivery is half."""
    for number, day in enumerate(DAYS):
        (tmp_path / day).mkdir()
        (tmp_path / day / "events.csv").write_text(f"who,what,when\nann,tea,{number}\n")
    (tmp_path / DAYS[-1] / "items.csv").write_text("what,photo\ntea,tea.png\n")
    (tmp_path / DAYS[-1] / "tea.png").write_bytes(b"tea")
    (tmp_path / "2026-11-22.part").mkdir()
    (tmp_path / "2026-11-23").write_text("no folder")
    (tmp_path / "2026-02-30").mkdir()
    return tmp_path


def opened(folder: Path, **spans):
    return open_source("csv", str(folder), {"spec": {"name": SPEC.name, "texts": SPEC.texts},
                                            "options": FILES}, spans=spans)


def times(source) -> list[str]:
    return [one.values["when"] for one in records(source)]


def test_the_newest_span_is_read_unless_others_are_asked_for(folder):
    assert span_names(folder) == list(DAYS)
    assert times(opened(folder)) == ["2"]
    assert times(opened(folder, last=2)) == ["1", "2"]
    assert times(opened(folder, last=9)) == ["0", "1", "2"], "there are no more"
    source = own_source(folder / DAYS[1], "csv", SPEC, interactions={"files": "events.csv"})
    assert times(source) == ["1"], "a folder without spans is read itself"


def test_users_and_items_are_those_of_the_newest_span(folder):
    source = opened(folder, last=3)
    assert source.shards("items") == ["2026-11-21/items.csv"]
    assert records(source, "items")[0].values["photo"] == (folder / DAYS[-1] / "tea.png").resolve()
    assert not source.has_table("users")
    with refuses("pattern-matches-nothing", "items.csv", "2026-11-20"):
        opened(folder, until="2026-11-20")


def test_a_bad_row_is_told_with_its_span(folder, tmp_path_factory):
    (folder / DAYS[1] / "events.csv").write_text("who,what,when\nann,tea,1\nann,,2\n")
    result = run_ingest(opened(folder, last=3), SPEC, tmp_path_factory.mktemp("out"))
    assert [one["source"] + f" {one['line']}" for one in result.faults if one["kind"] == "row"] == [
        "2026-11-20/events.csv 3"]
    assert result.kept("interactions") == 3


@pytest.mark.parametrize("empty", DAYS)
def test_a_span_without_events_is_read_with_the_others_and_counted(folder, empty, tmp_path_factory):
    (folder / empty / "events.csv").write_text("who,what,when\n")
    assert len(times(opened(folder, last=3))) == 2
    result = run_ingest(opened(folder, last=3), SPEC, tmp_path_factory.mktemp("out"))
    assert result.counts["spans"] == {day: int(day != empty) for day in DAYS}


def test_spans_without_any_event_are_refused(folder):
    for day in DAYS[1:]:
        (folder / day / "events.csv").write_text("who,what,when\n")
    with refuses("empty-table", "2026-11-21", "interactions"):
        opened(folder, last=2)


def test_the_fingerprint_is_of_the_spans_that_are_read(folder):
    before = fingerprint(opened(folder, last=2))
    (folder / DAYS[0] / "events.csv").write_text("who,what,when\nann,tea,7\n")
    assert fingerprint(opened(folder, last=2)) == before
    assert fingerprint(opened(folder, last=3)) != before


def test_spans_that_are_not_there(folder, tmp_path_factory):
    with refuses("unknown-span", "2026-11-22", "2026-11-19, 2026-11-20, 2026-11-21"):
        opened(folder, until="2026-11-22")
    empty = tmp_path_factory.mktemp("empty")
    for spans in ({"until": "2026-11-22"}, {"last": 7}):
        with refuses("no-spans", str(empty)):
            opened(empty, **spans)


def test_many_spans_are_not_all_listed(tmp_path):
    for day in range(1, 29):
        for month in ("03", "04"):
            (tmp_path / f"2026-{month}-{day:02}").mkdir()
    with refuses("unknown-span", "25 older ones, 2026-03-26", "2026-04-28"):
        Spans(until="2026-05-01").names(tmp_path)


def test_a_span_that_is_a_link_out_of_the_folder(folder, tmp_path_factory):
    (folder / "2026-11-24").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    with refuses("span-leaves-folder", "2026-11-24"):
        opened(folder)


@pytest.mark.parametrize("given", [
    {"last": 0}, {"last": "7"}, {"until": "yesterday"}, {"until": "2026-02-30"},
    {"until": 20261121}, {"first": "2026-11-21"}])
def test_spans_that_are_none(given):
    with pytest.raises(ValidationError):
        Spans(**given)
