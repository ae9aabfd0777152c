"""The elements of a JSON array, of which one at a time is in memory."""

import re
from collections.abc import Iterator
from typing import IO

from components.sources.files.text import LONGEST

_BLOCK = 1 << 16
_ARRAY = re.compile(r"\ufeff?\s*\[\s*\{")
_PLAIN = re.compile(r'[\[\]{}",]')
_QUOTED = re.compile(r'\\.|"', re.DOTALL)


def is_array(start: str) -> bool:
    """Tells whether a text begins like an array of objects, which lines of JSON do not."""
    return bool(_ARRAY.match(start))


def elements(file: IO[str]) -> Iterator[tuple[int, str]]:
    """Yields the elements of the arrays of a text.

    Args:
      file: One array or several, one behind the other.

    Yields:
      The line in which an element begins, and its text. Of one longer than `LONGEST` characters,
      one character more than these is yielded.

    Raises:
      EOFError: The text ends within an array.
    """
    waiting, depth, quoted = _Waiting(), 0, False
    while block := file.read(_BLOCK):
        if block.endswith("\\"):
            block += file.read(1)
        start = place = 0
        while match := (_QUOTED if quoted else _PLAIN).search(block, place):
            mark, place = match[0], match.end()
            if mark == '"':
                quoted = not quoted
            ends = (mark in ",]" and depth == 1) or (mark == "[" and depth == 0)
            if ends and not quoted:
                waiting.add(block[start:place - 1])
                yield from waiting.take()
                start = place
            if not quoted and mark in "[{":
                depth += 1
            elif not quoted and mark in "]}":
                depth = max(depth - 1, 0)
        waiting.add(block[start:])
    if depth or quoted:
        raise EOFError("the file ends within an array")
    yield from waiting.take()


class _Waiting:
    """The text of an element that has not ended."""

    def __init__(self) -> None:
        self._line = self._begin = 1
        self._parts: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        """Adds a piece, of which what is too long is counted and not kept."""
        piece = text if self._size else text.lstrip()
        if not self._size:
            self._begin = self._line + text.count("\n", 0, len(text) - len(piece))
        self._line += text.count("\n")
        self._parts.append(piece[:max(LONGEST + 1 - self._size, 0)])
        self._size += len(piece)

    def take(self) -> Iterator[tuple[int, str]]:
        """Yields line and text, where there is more than whitespace, and starts afresh."""
        text = "".join(self._parts).rstrip()
        self._parts, self._size = [], 0
        if text:
            yield self._begin, text
