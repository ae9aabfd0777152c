"""What ingest makes of a column's personal values, as a tag of its schema says."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.values.times import to_seconds

TAG = "pii:"
Pseudonym = Callable[[Any], Any]


@dataclass(frozen=True)
class Kind:
    """A kind of treatment.

    Attributes:
      meaning: What it does, as docs/schema-tags.md says it.
      dtypes: The types of the columns that it is for.
      treated: Returns what is kept of a value, `None` for nothing; it is given the value, the
        number in the tag, and what makes a pseudonym.
      numbered: Whether the tag has a number, at least 1.
      keyed: Whether it needs the key of pseudonyms.
      kept: Whether something is kept, which is an ordinary value from then on.
    """

    meaning: str
    dtypes: tuple[type, ...]
    treated: Callable[[Any, int, Pseudonym], Any]
    numbered: bool = False
    keyed: bool = False
    kept: bool = True


@dataclass(frozen=True)
class Treatment:
    """The treatment of one column.

    Attributes:
      name: One of `TREATMENTS`.
      number: The number in the tag, 0 where it has none.

    Example:
      >>> treatment_of("pii:prefix=3").of(b"81667", None)
      b'816'
    """

    name: str
    number: int = 0

    @property
    def tag(self) -> str:
        """The tag that asks for it."""
        return f"{TAG}{self.name}{f'={self.number}' if self.number else ''}"

    @property
    def kind(self) -> Kind:
        """The kind of treatment."""
        return TREATMENTS[self.name]

    def of(self, value: Any, pseudonym: Pseudonym) -> Any:
        """Returns what is kept of a value, `None` for nothing.

        Args:
          value: A value of the column's type.
          pseudonym: Makes a pseudonym; asked by keyed treatments alone.
        """
        return self.kind.treated(value, self.number, pseudonym)


def treatment_of(tag: str) -> Treatment | None:
    """Reads a tag, `None` where it is no treatment that there is."""
    written = re.fullmatch(rf"{TAG}(?P<name>\w+)(?:=(?P<number>[1-9]\d{{0,8}}))?", tag)
    kind = TREATMENTS.get(written["name"]) if written else None
    if written is None or kind is None or kind.numbered != bool(written["number"]):
        return None
    return Treatment(written["name"], int(written["number"] or 0))


def written_forms() -> dict[str, str]:
    """Returns the meaning of each treatment by its tag; `N` is for a number."""
    return {f"{TAG}{name}{'=N' if kind.numbered else ''}": kind.meaning
            for name, kind in TREATMENTS.items()}


def _prefix(value: bytes, number: int, _: Pseudonym) -> bytes:
    return value.decode("utf-8", "replace")[:number].encode()


def _bucket(value: float, number: int, _: Pseudonym) -> float:
    return type(value)(value // number * number)


def _date(form: str) -> Callable[[bytes, int, Pseudonym], bytes | None]:
    def treated(value: bytes, _: int, __: Pseudonym) -> bytes | None:
        seconds = to_seconds(value.decode("utf-8", "replace"))
        if seconds is None:
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC).strftime(form).encode()
        except (ValueError, OverflowError, OSError):  # a year that no calendar has
            return None

    return treated


TREATMENTS: dict[str, Kind] = {
    "drop": Kind("personal data: ingest reads no value",
                 (bytes, int, float), lambda *_: None, kept=False),
    "hash": Kind("personal data: ingest replaces a value by its keyed hash, see docs/privacy.md",
                 (bytes, int), lambda value, _, pseudonym: pseudonym(value), keyed=True),
    "prefix": Kind("personal data: ingest keeps the first N characters, as of a place's code",
                   (bytes,), _prefix, numbered=True),
    "bucket": Kind("personal data: ingest keeps the largest multiple of N that is not above a "
                   "number", (int, float), _bucket, numbered=True),
    "month": Kind("personal data: ingest keeps year and month of a date, such as `1984-05`",
                  (bytes,), _date("%Y-%m")),
    "year": Kind("personal data: ingest keeps the year of a date", (bytes,), _date("%Y")),
}
