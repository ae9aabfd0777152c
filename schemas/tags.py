"""Words of a schema: what its tags mean, treatments included, and names no column may have."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.modality import MODALITIES
from schemas.values.times import to_seconds

# Columns that preprocessing derives; no column may hide them.
DERIVED = frozenset({"index", "events", "user_index", "item_index", "context"})
# Vocabularies of the interactions, beside those of the tables.
VOCABULARIES = frozenset({"event_types", "event_words"})
# What a row of the interactions brings beside its histories.
UNSEEN = frozenset({"unseen_id", "unseen_index"})
# Layers of the network, whose other layers are called like the columns that they read.
LAYERS = frozenset({
    "sharing", "fusion", "imputation", "modality_dropout", "met", "context_tower", "counts_tower",
    "series_tower", "review_tower", "item_review_tower", "user_factors", "item_factors"})
# Of a request and of the above: no column of users or items that is read may be mistaken for them.
INPUTS = frozenset({"user_id", "item_id", "timestamp"}) | VOCABULARIES | UNSEEN | LAYERS
HISTORIES = "history_"
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


# Capitals are for a name or a number of the schema's author.
TAGS: dict[str, str] = {
    "user_id": "the column is the user's id; the users and the interactions need one",
    "item_id": "the column is the item's id; the items and the interactions need one",
    "timestamp": "the column is the time of an event, in whole seconds",
    "event_type": "the column of the interactions says what kind of event a row is",
    "weight:VALUE=X": "beside `event_type`: an event of the kind VALUE counts X times in training; "
                      "1 without this tag",
    "label:NAME": "the value is the label NAME; a domain from 0 to 1 makes it binary; on a column "
                  "of text with a `string_domain` the label is which of its values it is; on a "
                  "column of the users it is an attribute to learn, and an input of every recipe "
                  "that does not learn it",
    "label:NAME>=X": "the label NAME is 1 from the value X on, else 0",
    "label:NAME=VALUE": "on a column of text: the label NAME is 1 if the column is VALUE, else 0",
    "pii": "personal data: never a model input, masked in reports",
    **written_forms(),
    "fewest_rows:N": "a model knows a word or a category of the column only if N rows have it; "
                     "usually 3 for the tag `text` in the users and in the interactions, where the "
                     "reviews of one user count as one, and 1 elsewhere",
    "history:WHAT": "built at ingest: the user's earlier values of a role or column, newest first: "
                    "item ids, times, numbers, event types, or the texts of a column with the tag "
                    "`text` (reviews, which no row reads of itself); one of each kind but numbers",
    "events": "built at ingest: the row's number of training events; for slices, never an input",
    "unseen": "built at ingest: ids of items that the user has no event with, for the head "
              "`click`; `value_count { min: 2 max: 2 }` says how many; a user with events on "
              "almost all items gets fewer",
    "sound_of:COLUMN": "built at ingest, beside `audio`: the sound track of the video column "
                       "COLUMN of the same table; absent where a video has none",
    "check:NAME>X=WARN": "the check NAME warns of this column from a value above X on; "
                         "docs/data-validation.md lists the checks and their usual limits",
    "check:NAME>X=FAIL": "the check NAME stops the run where its value for this column is above X",
    "check:NAME=off": "the check NAME says nothing of this column",
}


def known_tags() -> dict[str, str]:
    """Returns the meaning of every tag, those of the modalities that are registered included."""
    modalities = {name: f"the column's modality: a value is {raw.meaning}"
                  for name, raw in MODALITIES.items()}
    return {**TAGS, **modalities}
