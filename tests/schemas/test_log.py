import io
import logging
import sys

import pytest

from schemas import log


@pytest.fixture
def shown(monkeypatch):
    """Shows lines under a value of the variable; returns what was written of one of each level."""
    root = logging.getLogger("tessera")
    handlers, level, propagate = root.handlers[:], root.level, root.propagate

    def shown(value):
        root.handlers.clear()
        written = io.StringIO()
        monkeypatch.setattr(sys, "stderr", written)
        if value is None:
            monkeypatch.delenv(log.VARIABLE, raising=False)
        else:
            monkeypatch.setenv(log.VARIABLE, value)
        log.show()
        log.show()  # a second time writes nothing twice
        for name in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger("tessera.trainer"), name)(f"<{name}>")
        return written.getvalue().splitlines()

    yield shown
    root.handlers[:], root.propagate = handlers, propagate
    root.setLevel(level)


@pytest.mark.parametrize(("value", "lines"), [
    (None, ["<info>", "<warning>", "<error>"]), ("info", ["<info>", "<warning>", "<error>"]),
    ("WARNING", ["<warning>", "<error>"]), ("error", ["<error>"]),
])
def test_lines_are_shown_from_the_level_on_that_the_variable_names(shown, value, lines):
    assert shown(value) == lines
    assert not log.verbose()


def test_everything_is_shown_with_its_time_and_its_room(shown):
    lines = shown("debug")
    assert [line.split(": ")[-1] for line in lines] == ["<debug>", "<info>", "<warning>", "<error>"]
    assert all(" tessera.trainer: " in line for line in lines)
    assert log.verbose()


def test_an_unknown_level_is_named_and_stops_nothing(shown):
    warning, *lines = shown("loud")
    assert "TESSERA_LOG" in warning and "'loud'" in warning and "debug" in warning
    assert lines == ["<info>", "<warning>", "<error>"]


def test_lines_go_where_standard_error_is_when_they_come(monkeypatch):
    handler, later = log.StandardError(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)
    handler.emit(logging.makeLogRecord({"msg": "half way"}))
    assert later.getvalue() == "half way\n"
