import gzip
import json
from pathlib import Path

from refusals import refuses
from rich.console import Console
from worlds import column, small_spec

from components.sources import open_source
from components.sources.files import FileOptions
from pipeline.inference.check import look, report
from pipeline.inference.sample import sample_tables
from pipeline.inference.tables import Tables


def sample(folder: Path, dataset: str = "csv", **options):
    return sample_tables(Tables(dataset, folder, FileOptions(**options)))["interactions"]


def test_a_file_without_a_header(tmp_path):
    (tmp_path / "events.csv").write_text("u1,i5,4,881250949\nu2,i6,5,881250950\n")
    with refuses("no-header", "source.interactions"):
        sample(tmp_path, interactions={"files": "events.csv"})
    result = sample(tmp_path, interactions={
        "files": "events.csv", "columns": {"user": 1, "item": 2, "when": 4}})
    assert result.rows == 2 and result.cells["3"] == ["4", "5"]
    assert result.cells["1"] == ["u1", "u2"]
    named = sample(tmp_path, interactions={
        "files": "events.csv", "columns": {"user": "u1", "item": "i5"}})
    assert named.rows == 1  # who names columns by the first line has looked at it


def test_a_later_part_without_a_header(tmp_path):
    (tmp_path / "part-a.csv").write_text("user,item\nu1,i5\n")
    (tmp_path / "part-b.csv").write_text("u2,i6\nu3,i7\n")
    with refuses("no-header", "part-b.csv"):
        sample(tmp_path, interactions={"files": "part-*.csv"})


def test_folders_arrays_and_quotes(tmp_path):
    (tmp_path / "day=1").mkdir()
    (tmp_path / "day=1/events.json").write_bytes(
        gzip.compress(b'[{"user": "u1", "item": "i5"}, {"user": "u2", "item": "i6"}]'))
    result = sample(tmp_path, "jsonl", interactions={"files": "day=*/events.json"})
    assert result.cells == {"user": ["u1", "u2"], "item": ["i5", "i6"], "day": ["1", "1"]}
    (tmp_path / "events.csv").write_text(
        'user,item,note\nu1,i5,"Great\nu2,i6,fine\nu3,i7,5"\nu4,i8,so\n')
    result = sample(tmp_path, interactions={"files": "events.csv"})
    assert result.cells["user"] == ["u2", "u3", "u4"] and len(result.faults) == 1
    result = sample(tmp_path, interactions={"files": "events.csv", "quoting": "none"})
    assert result.rows == 4 and not result.faults


SPEC = small_spec(events=column("price", "FLOAT", "numeric"), user="BYTES u", item="BYTES i",
                  time="t", name="looked")


def test_notes_and_lost_columns_are_told(tmp_path):
    (tmp_path / "e.csv").write_text('u,i,t,price\na ,1.0,45413,"1,5"\nb,2,45414,"2,5"\n')
    source = open_source("csv", str(tmp_path), {
        "spec": json.loads(SPEC.to_json()), "options": {"interactions": {"files": "e.csv"}}})
    result = look(source, SPEC)
    assert result["interactions"].faulty == 0
    lost, *notes = result["interactions"].notes
    assert "all 2 values of price were left out" in lost
    assert ["2 values of t" in note for note in notes].count(True) == 1 and len(notes) == 3
    console = Console(record=True, width=200)
    report(result, 0.01, console)
    assert "2 values of t are times outside the likely range" in console.export_text()
