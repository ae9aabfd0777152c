"""Long work says how far it is, short work nothing."""

import io
import logging
import sys

import pytest

from schemas import progress
from schemas.progress import Progress, StandardError


@pytest.fixture
def said(caplog):
    progress.log.addHandler(caplog.handler)
    level = progress.log.level
    progress.log.setLevel(logging.INFO)
    yield lambda: [record.getMessage() for record in caplog.records]
    progress.log.removeHandler(caplog.handler)
    progress.log.setLevel(level)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_at_most_every_ten_seconds(said):
    clock = Clock()
    work = Progress("Rows solved", 3000, clock)
    for second in range(35):
        clock.now = float(second)
        work.add(50)
    assert said() == ["Rows solved: 550 of 3,000", "Rows solved: 1,050 of 3,000",
                      "Rows solved: 1,550 of 3,000"]


def test_short_work_is_not_spoken_of(said):
    clock = Clock()
    work = Progress("Rows", 10, clock)
    for _ in range(10):
        clock.now += 0.9
        work.add()
    assert said() == []


def test_things_are_counted_as_they_are_done(said):
    clock, seen = Clock(), []
    for thing in Progress("Files", clock=clock).over("abc"):
        seen.append(thing)
        clock.now += 6
    assert seen == ["a", "b", "c"]
    assert said() == ["Files: 2"]


def test_lines_go_where_standard_error_is_when_they_come(monkeypatch):
    handler, later = StandardError(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)
    handler.emit(logging.makeLogRecord({"msg": "half way"}))
    assert later.getvalue() == "half way\n"
