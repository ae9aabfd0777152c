"""No file crashes, hangs or swells what reads it: it costs its value, its row, or the run's start.

What is read of it, or why nothing is, other tests say. `pytest -m ""` has the heavy ones too.
"""

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from hostile.pictures import HEAVY_PICTURES, PICTURES, good
from hostile.sounds import FILMS, SOUNDS, film, wav
from hostile.tables import CSV, JSON, MEDIA_PATHS, PARQUET, PATHS
from peak_memory import growth_below
from worlds import column, json_source, own_source, small_spec

from components.catalog_gen.check import Checker
from components.decoding import decode, decode_track
from components.sources.base import Source
from schemas import InputError
from schemas.media import MediaFault

SPEC = small_spec(items=column("photo", "BYTES", "image"), events=column("note", "BYTES"))
_GROWTH = 64 << 20
_SECONDS = 5.0  # of this process and those that it asks; others may have the processors meanwhile


def seconds() -> float:
    own = psutil.Process()
    running = own.children(recursive=True)
    each = [one.cpu_times() for one in (own, *running) if one.is_running()]
    return sum(one.user + one.system + one.children_user + one.children_system for one in each)


@contextmanager
def bounded() -> Iterator[None]:
    """Asserts that the block takes neither long nor much memory."""
    spent, started = seconds(), time.monotonic()
    with growth_below(_GROWTH):
        yield
    assert seconds() - spent < _SECONDS and time.monotonic() - started < 60


GOOD = {"image": lambda: good("PNG"), "audio": wav, "video": film}


@functools.cache
def begun(modality: str) -> None:
    """What the first value of a modality starts and loads is no growth of a file's."""
    decode(GOOD[modality](), modality)


def own_source_of(kind: str, data: bytes, folder: Path) -> Source:
    (folder / f"events.{kind}").write_bytes(data)
    return own_source(folder, kind, SPEC, interactions={"files": f"events.{kind}"})


def rows(source: Source) -> Iterator[int]:
    checker = Checker(SPEC, "interactions")
    for shard in source.shards("interactions"):
        for record in source.records("interactions", shard):
            checker.check(record)
            yield record.line


@pytest.mark.parametrize(("modality", "make"), [
    *(pytest.param("image", make, id=name) for name, make in PICTURES.items()),
    *(pytest.param("image", make, id=name, marks=pytest.mark.slow)
      for name, make in HEAVY_PICTURES.items()),
    *(pytest.param("audio", make, id=name) for name, make in SOUNDS.items()),
    *(pytest.param("video", make, id=name) for name, make in FILMS.items()),
])
def test_a_medium_costs_its_value_alone(modality, make):
    begun(modality)
    data = make()
    with bounded():
        try:
            assert decode(data, modality)
            if modality == "video":
                decode_track(data)
        except MediaFault as fault:
            assert 10 < len(str(fault)) < 500 and "Traceback" not in str(fault)


@pytest.mark.parametrize(("kind", "make"), [
    pytest.param(kind, make, id=name)
    for kind, tables in (("csv", CSV), ("jsonl", JSON), ("parquet", PARQUET))
    for name, make in tables.items()])
def test_a_table_is_read_or_refused(tmp_path, kind, make):
    data = make()
    with bounded():
        try:
            assert sum(1 for _ in rows(own_source_of(kind, data, tmp_path))) < 1_000_000
        except InputError as error:
            assert len(str(error)) < 2_000 and "Traceback" not in str(error)


@pytest.mark.parametrize("place", PATHS.values(), ids=PATHS)
def test_what_is_no_file_of_the_folder_is_no_table(tmp_path, place):
    folder = tmp_path / "data"
    folder.mkdir()
    place(folder)
    with bounded(), pytest.raises(InputError):
        list(rows(own_source(folder, "csv", SPEC, interactions={"files": "*.csv"})))


@pytest.mark.parametrize("place", MEDIA_PATHS.values(), ids=MEDIA_PATHS)
def test_what_is_no_file_of_the_folder_is_no_medium(tmp_path, place):
    (tmp_path / "media").mkdir()
    value = place(tmp_path / "media")
    with bounded():
        source = json_source(tmp_path, SPEC, {
            "items": [{"what": "tea", "photo": value}],
            "interactions": [{"who": "ann", "what": "tea"}]}, media_dir="media")
        (record,) = source.records("items", "items.jsonl")
        checked = Checker(SPEC, "items").check(record)
    assert "photo" not in checked.values
    assert "photo" in {one.column for one in (*record.faults, *checked.value_faults)}
