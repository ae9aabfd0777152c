"""What a refusal must look like: an error with its code, and a command's line on it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from schemas import TesseraError


@contextmanager
def refuses(code: str, *words: object) -> Iterator[pytest.ExceptionInfo[TesseraError]]:
    """Asserts that the block raises the error of a code, and that its message holds the words."""
    with pytest.raises(TesseraError) as caught:
        yield caught
    assert caught.value.code == code, caught.value.line
    for word in words:
        assert str(word) in str(caught.value)


def assert_refused(result: tuple[int, str, str], *words: object, code: int = 2) -> None:
    """Asserts the exit code, and one line of message that holds the words."""
    assert result[0] == code
    assert result[2].startswith("tessera: error[") and result[2].count("\n") == 1
    for word in words:
        assert str(word) in result[2]
