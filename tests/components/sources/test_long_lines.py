import tracemalloc
from pathlib import Path

import pytest
from refusals import refuses
from worlds import small_spec

from components.sources.base import Fault
from components.sources.files.delimited import csv_columns, csv_rows
from components.sources.files.readers import json_rows
from components.sources.files.source import FileSource
from components.sources.files.text import Layout
from components.sources.movielens.editions import separated
from schemas import InputError

LONG = 100_000_000
TOO_LONG = "it has more than 16,777,216 characters"


def write(path: Path, before: str, after: str, size: int = LONG) -> Path:
    with path.open("w") as out:
        out.write(before)
        for _ in range(size // 1_000_000):
            out.write("x" * 1_000_000)
        out.write(after)
    return path


@pytest.mark.parametrize(("read", "before", "after", "fault"), [
    (lambda path: csv_rows(path, Layout()), "a,b\n1,2\n3,", "\n5,6\n",
     f"the line is no CSV ({TOO_LONG})"),
    (lambda path: csv_rows(path, Layout()), 'a,b\n1,2\n3,"', '"\n5,6\n', None),
    (lambda path: json_rows(path, Layout()), '{"a": 1}\n\n{"a": "', '"}\n{"a": 2}',
     f"the line is no JSON ({TOO_LONG})"),
    (lambda path: json_rows(path, Layout()), '[{"a": 1},\n\n{"a": "', '"}, {"a": 2}]',
     f"the element is no JSON ({TOO_LONG})"),
    (lambda path: separated(path, "::", ("a", "b")), "1::2\n\n3::", "\n5::6\n",
     "the line has more than 16,777,216 characters"),
], ids=["csv", "quoted", "jsonl", "json", "movielens"])
def test_a_line_longer_than_all_that_is_kept(tmp_path, read, before, after, fault):
    path = write(tmp_path / "events", before, after)
    tracemalloc.start()
    try:
        result = list(read(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LONG
    good, bad, after_it = result
    assert good[1] and not good[2] and after_it[1] and not after_it[2]
    assert bad[0] == 3 and not bad[1]
    assert fault is None or bad[2] == (Fault(fault),)


@pytest.mark.parametrize("size", [1_000_000, 20_000_000])
def test_a_file_that_is_one_line(tmp_path, size):
    """Its message does not hold the line."""
    path = write(tmp_path / "events", "a;", "", size)
    with pytest.raises(InputError) as error:
        csv_columns(path, Layout())
    assert len(str(error.value)) < 300 + len(str(path))


def test_columns_of_a_long_header_are_not_all_told(tmp_path):
    from components.sources.files import FileOptions

    (tmp_path / "events.csv").write_text(",".join(f"c{n}" for n in range(100_000)) + "\n")
    options = FileOptions(interactions={"files": "events.csv"})
    with refuses("missing-column", "c0, c1", "99970 more") as error:
        FileSource(str(tmp_path), "csv", small_spec(), options)
    assert len(str(error.value)) < 600
