"""What people see of the quarantine, and the replay of it on corrected data."""

import json

import pytest
from refusals import refuses
from typer.testing import CliRunner
from worlds import column, id_columns, own_project

from pipeline.quarantine.command import app
from pipeline.quarantine.records import quarantine_of, read_records

FAULTS = [("items", "i.csv", 2, "value", "price 'x' is not a number"),
          ("items", "i.csv", 2, "value", "kind has 9 values, at most 3 fit"),
          ("interactions", "events.csv", 3, "row", "stars '9' is outside the range 1 to 5"),
          ("interactions", "events.csv", 4, "row", "stars '8' is outside the range 1 to 5")]


def _root(folder, faults, **metrics):
    """A root with one run that left something out."""
    quarantine, run = folder / "artifacts" / "quarantine" / "3", folder / "runs" / "20260102-030405"
    quarantine.mkdir(parents=True)
    run.mkdir(parents=True)
    keys = ("table", "source", "line", "kind", "reason")
    (quarantine / "quarantine.jsonl").write_text("".join(
        json.dumps(dict(zip(keys, fault, strict=True))) + "\n" for fault in faults))
    (run / "metrics.json").write_text(json.dumps(
        {"quarantine": "artifacts/quarantine/3"} | metrics))
    return folder


@pytest.fixture
def root(tmp_path):
    return _root(tmp_path / "root", FAULTS)


def test_each_bad_record_is_there_once_with_all_that_is_wrong(root):
    first, *others = read_records(quarantine_of(root, "20260102-030405"))
    assert first.place == ("items", "i.csv", 2) and not first.left_out
    assert len(first.reasons) == 2 and [one.line for one in others] == [3, 4]
    assert all(one.left_out for one in others)
    with refuses("no-quarantine", "latest"):
        quarantine_of(root, "latest")


def test_show_prints_file_line_and_reason(root):
    shown = CliRunner().invoke(app, ["show", "--root", str(root), "--run", "20260102-030405",
                                     "--most", "2"]).output
    assert "events.csv, line 3 (interactions): row left out: stars '9' is outside" in shown
    assert "and 1 more" in shown and "line 4" not in shown
    lines = CliRunner().invoke(app, ["show", "--root", str(root), "--run", "20260102-030405",
                                     "--json"]).output.splitlines()
    assert [json.loads(line)["line"] for line in lines] == [2, 3, 4]


def test_files_that_no_run_wrote_are_refused(root):
    quarantine = quarantine_of(root, "20260102-030405")
    for content in (b"{", b"[1]\n", b"\xff\xfe", b'{"table": "users"}\n'):
        (quarantine / "quarantine.jsonl").write_bytes(content)
        with refuses("damaged-quarantine", "quarantine.jsonl"):
            list(read_records(quarantine))
    (root / "runs" / "20260102-030405" / "metrics.json").write_bytes(b"\xff")
    with refuses("damaged-result", "metrics.json"):
        quarantine_of(root, "20260102-030405")


def _replayed(folder, root):
    path = own_project(folder, {"interactions": "".join(id_columns()) + column(
        "stars", "FLOAT", "label:rating", domain=(1, 5))}, split="random")
    return CliRunner().invoke(app, ["replay", "--root", str(root), "--run", "20260102-030405",
                                    "--config", str(path)])


def test_replay_says_what_is_accepted_now(tmp_path):
    (tmp_path / "events.csv").write_text(
        "who,what,stars\nann,tea,4\nbob,cup,5\nann,cup,8\neve,cup,0\n")
    done = _replayed(tmp_path, _root(tmp_path / "root", FAULTS[2:]))
    assert done.exit_code == 3, done.output
    assert "events.csv, line 4 (interactions): row left out: stars '8'" in done.output
    assert "1 of 2 records are accepted now, 1 still have a fault, and 1 are new." in done.output


def test_replay_reads_the_spans_that_the_run_read(tmp_path):
    for day, stars in (("2026-11-20", 8), ("2026-11-21", 9)):
        (tmp_path / day).mkdir()
        (tmp_path / day / "events.csv").write_text(f"who,what,stars\nann,tea,4\nbob,cup,{stars}\n")
    faults = [("interactions", "2026-11-20/events.csv", 3, "row", "stars '8' is outside")]
    root = _root(tmp_path / "root", faults, spans={"last": 1, "until": "2026-11-20"})
    done = _replayed(tmp_path, root)
    assert "0 of 1 records are accepted now, 1 still have a fault, and 0 are new." in done.output
    assert "2026-11-21" not in done.output
