from pathlib import Path

import pytest

from components.catalog_gen import shards, spill
from components.catalog_gen.faults import Notes
from components.catalog_gen.shards import Bucket, Shard, Spilled, plan_buckets
from components.catalog_gen.spill import PARTS, SpillWriter, part_of, read_spill

ROWS = [(line, i, None, ["a", b"b"], 0.5) for line, i in enumerate([b"x", b"y", b"z"] * 50)]


def written(path: Path, size: int = 0) -> str:
    with SpillWriter(str(path)) as out:
        for row in ROWS:
            out.add(row[1], row, size)
    return str(path)


def test_a_part_is_the_same_on_every_machine():
    assert [part_of(i) for i in (b"", b"u1", b"7", 7, -1)] == [0, 886, 642, 642, 42]
    sizes = [0] * 8
    for number in range(8000):
        sizes[part_of(f"user-{number}".encode()) * 8 // PARTS] += 1
    assert min(sizes) > 850 and max(sizes) < 1150


@pytest.mark.parametrize("block", [1, 7, 1 << 16])
def test_all_rows_come_back_in_the_order_of_each_id(tmp_path, monkeypatch, block):
    monkeypatch.setattr(spill, "_BLOCK_ROWS", block)
    path = written(tmp_path / "a.rows")
    result = list(read_spill(path, range(PARTS)))
    assert sorted(result) == ROWS
    for name in (b"x", b"y", b"z"):
        own = [row for row in ROWS if row[1] == name]
        assert [row for row in result if row[1] == name] == own
        assert list(read_spill(path, range(part_of(name), part_of(name) + 1))) == own


@pytest.mark.parametrize("count", [1, 7, PARTS])
def test_buckets_cover_every_part_once(count):
    parts = [part for number in range(count) for part in Bucket(number, count).parts]
    assert parts == list(range(PARTS))


def test_there_are_as_many_buckets_as_the_rows_need(tmp_path, monkeypatch):
    path = written(tmp_path / "a.rows")

    def spilled(kept: int) -> list[Spilled]:
        shard = Shard("users", 0, "a")
        return [Spilled(shard, path, ("a",), kept + 1, 1, (), None, Notes())] * 2

    assert plan_buckets([]) == plan_buckets(spilled(100_000)) == [Bucket(0, 1)]
    assert [b.number for b in plan_buckets(spilled(100_001))] == [0, 1]
    assert len(plan_buckets(spilled(10**9))) == PARTS
    monkeypatch.setattr(shards, "_BYTES", Path(path).stat().st_size)
    assert len(plan_buckets(spilled(10))) == 2
