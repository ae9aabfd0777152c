import pytest
from refusals import refuses

from pipeline.nodes import NodeError, failure_line, raise_failure
from schemas import InputError


def failed(cause: Exception) -> NodeError:
    error = NodeError("Trainer")
    error.__cause__ = cause
    return error


def test_others_words_of_many_lines_are_one_short_line():
    line = failure_line(failed(RuntimeError("add_input failed with:\n" + "[1.0,\n  2.0] " * 200)))
    assert line.startswith("Trainer failed: RuntimeError: add_input failed with: [1.0, 2.0]")
    assert line.endswith(" …") and "\n" not in line and len(line) < 350


def test_our_own_error_is_raised_as_it_is(tmp_path):
    inner = InputError("no-column", "a column is missing")
    outer = RuntimeError("while running")
    outer.__cause__ = inner
    with pytest.raises(InputError) as caught:
        raise_failure(failed(outer), tmp_path / "error.log", tmp_path)
    assert caught.value is inner and not (tmp_path / "error.log").exists()


def test_anything_else_is_named_and_its_whole_story_is_kept(tmp_path):
    log = tmp_path / "error.log"
    with refuses("step-failed", "Trainer failed: ValueError: odd."):
        raise_failure(failed(ValueError("odd")), log, tmp_path)
    assert "ValueError: odd" in log.read_text(encoding="utf-8")
