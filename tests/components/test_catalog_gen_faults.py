import json
import random

import pytest

from components.catalog_gen import faults
from components.catalog_gen.faults import FaultWriter, merge_faults
from components.sources.base import Fault


@pytest.mark.parametrize(("in_memory", "open_files"), [(50_000, 256), (3, 2), (1, 3)])
def test_faults_are_merged_in_order(tmp_path, monkeypatch, in_memory, open_files):
    monkeypatch.setattr(faults, "_RUN", in_memory)
    monkeypatch.setattr(faults, "_OPEN", open_files)
    places = [(table, source, line) for table in ("items", "users") for source in ("a", "b")
              for line in (1, 2, 10)]
    random.Random(3).shuffle(places)
    writers = [FaultWriter(str(tmp_path / name)) for name in ("one", "two")]
    for number, (table, source, line) in enumerate(places):
        writers[number % 2].add(table, (source, line), "row", Fault("bad\n\x85 'é'"))
        writers[number % 2].add(table, (source, line), "value", Fault("also bad", "age"))
    for writer in writers:
        writer.close()
    assert sum((writer.rows for writer in writers), start=type(writers[0].rows)()) == {
        "items": 6, "users": 6}
    paths = [path for writer in writers for path in writer.paths]
    merge_faults(paths, str(tmp_path / "all"), str(tmp_path))
    with (tmp_path / "all").open(encoding="utf-8") as lines:
        result = [json.loads(line) for line in lines]
    assert [(f["table"], f["source"], f["line"], f["reason"]) for f in result] == [
        (*place, reason) for place in sorted(places) for reason in ("also bad", "bad\n\x85 'é'")]
    assert {(f["kind"], *f["columns"]) for f in result} == {("value", "age"), ("row",)}


def test_a_name_that_is_no_text_and_no_fault_at_all(tmp_path):
    writer = FaultWriter(str(tmp_path / "odd"))
    long = f"who {'x' * 1_000_000!r} is not in the table of users"
    writer.add("users", ("caf\udce9.csv", 1), "row", Fault(long, "who"))
    writer.close()
    merge_faults(writer.paths, str(tmp_path / "all"), str(tmp_path))
    made = json.loads((tmp_path / "all").read_text())
    assert made["source"] == "caf\udce9.csv" and made["reason"] == f"who '{'x' * 495}..."
    merge_faults([], str(tmp_path / "none"), str(tmp_path))
    assert (tmp_path / "none").read_text() == ""
