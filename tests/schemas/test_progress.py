import logging

import pytest

from schemas.log import Heartbeat, Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_at_most_every_ten_seconds(log_lines):
    clock = Clock()
    work = Progress("Rows solved", 3000, clock)
    for second in range(35):
        clock.now = float(second)
        work.add(50)
    assert log_lines == ["Rows solved: 550 of 3,000", "Rows solved: 1,050 of 3,000",
                      "Rows solved: 1,550 of 3,000"]


def test_short_work_is_not_spoken_of(log_lines):
    clock = Clock()
    work = Progress("Rows", 10, clock)
    for _ in range(10):
        clock.now += 0.9
        work.add()
    assert log_lines == []


def test_things_are_counted_as_they_are_done(log_lines):
    clock, seen = Clock(), []
    for thing in Progress("Files", clock=clock).over("abc"):
        seen.append(thing)
        clock.now += 6
    assert seen == ["a", "b", "c"]
    assert log_lines == ["Files: 2"]


@pytest.fixture
def beating():
    """Works for so many seconds under a heartbeat; `then` is called with the time of each wait."""

    def beating(work, then=lambda now: None, seconds=10.0):
        clock = Clock()

        def wait(longest: float) -> bool:
            assert longest > 0, "it would spin"
            clock.now += min(longest, 1.0)
            then(clock.now)
            return clock.now >= work

        with Heartbeat("Transform.items", seconds, clock, wait):
            pass

    return beating


def test_work_that_counts_nothing_is_said_to_go_on(log_lines, beating):
    beating(work=25.0)
    assert log_lines == ["Transform.items is running, 10 s so far",
                      "Transform.items is running, 20 s so far"]


def test_the_longest_silence_can_be_chosen(log_lines, beating):
    beating(work=130.0, seconds=60.0)
    assert [line.split(", ")[1] for line in log_lines] == ["60 s so far", "120 s so far"]


def test_short_work_has_no_heartbeat(log_lines, beating):
    beating(work=9.0)
    assert log_lines == []


def test_after_another_line_the_heartbeat_waits_anew(log_lines, beating):
    trainer = logging.getLogger("tessera.trainer")
    beating(work=19.0, then=lambda now: trainer.info("half") if now == 8.0 else None)
    assert log_lines == ["half", "Transform.items is running, 18 s so far"]


def test_silence_where_lines_are_not_shown_does_not_spin(log_lines, beating):
    logging.getLogger("tessera").setLevel(logging.ERROR)
    beating(work=40.0)
    assert log_lines == []


def test_a_heartbeat_ends_with_the_work():
    before = list(logging.getLogger("tessera").handlers)
    with pytest.raises(KeyError), Heartbeat("Trainer"):
        raise KeyError
    assert logging.getLogger("tessera").handlers == before
