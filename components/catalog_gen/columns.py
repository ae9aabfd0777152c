"""The hard rules of a column, in the form in which `check` looks at them for each value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from schemas import Feature, Label
from schemas.values.numbers import integer, number
from schemas.values.text import is_absent, normal_identity, normal_text
from schemas.values.times import likely_range

LARGEST = {int: 2**63 - 1, float: 3.4028234e38}  # what a tf.train.Example holds: int64, float32
IDS = ("user_id", "item_id")


@dataclass(frozen=True, slots=True)
class Column:
    """A feature, with its rules in the form in which they are looked at.

    Attributes:
      plain: Type of a value that needs no conversion, `None` where each one does.
      text: A string needs nothing but its encoding, and perhaps its usual form.
      normal: Returns the usual form of a text, empty where it says that there is no value; `None`
        where texts stay as they are.
      asked: `normal` is asked of every text, not only of those that look unusual.
      parse: Reads a text as a number, `None` where a text takes the longer way.
      low: Smallest value of the type `plain`.
      high: Largest such value.
      likely: First and last second that a time is expected at: the schema's, or those of today.
      needed: A row without a value breaks a hard rule.
      hard: A fault costs the row.
    """

    name: str
    feature: Feature
    plain: type | None
    text: bool
    normal: Callable[[str], str] | None
    asked: bool
    parse: Callable[[str], float | None] | None
    low: float
    high: float
    likely: tuple[float, float]
    needed: bool
    hard: bool

    @classmethod
    def of(cls, feature: Feature, labels: Sequence[Label]) -> "Column":
        """Works out the rules of a feature that carries some labels, or none."""
        needed = feature.required or feature.role is not None
        plain, parse, low, high = None, None, 0.0, 0.0
        minimum, maximum = feature.minimum, feature.maximum
        first, last = likely_range()
        if feature.dtype in LARGEST:
            most = LARGEST[feature.dtype]
            plain = feature.dtype
            if feature.role not in IDS:  # whose leading zeros and points are looked at
                parse = integer if feature.dtype is int else number
            low = -most if minimum is None else max(-most, minimum)
            high = most if maximum is None else min(most, maximum)
            if feature.role == "timestamp":  # others may be digits of a date, or are noted
                low, high = max(low, first), min(high, last)
        text = feature.dtype is bytes and not feature.media
        normal: Callable[[str], str] | None = None
        asked = feature.role is None and bool(labels or feature.values)
        if feature.role in IDS:
            normal = normal_identity
        elif text and asked:
            known = {*feature.values, *(label.equals for label in labels)}
            normal = partial(_known_text, known=frozenset(known))
        elif feature.role or feature.categories:
            normal = normal_text
        likely = (first if minimum is None else minimum, last if maximum is None else maximum)
        # A user without an attribute is masked where the attribute is learned, and stays.
        hard = needed or (bool(labels) and feature.side == "interactions")
        return cls(feature.name, feature, plain, text, normal, asked, parse, low, high, likely,
                   needed, hard)


def _known_text(text: str, known: frozenset[str | None]) -> str:
    """Returns the usual form of a text where the schema says which there are.

    A word for an absent value is no text unless it is one of them.
    """
    text = normal_text(text)
    return "" if is_absent(text) and text not in known else text
