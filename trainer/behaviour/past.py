"""What a recipe derives of histories, and which of a dataset's histories it reads."""

from dataclasses import dataclass
from typing import NamedTuple

from schemas import FeatureSpec
from trainer.preprocessing import columns


@dataclass(frozen=True)
class Past:
    """What is derived of histories beside ages, ranks and context, which every recipe has.

    Attributes:
      sequence: Gaps, hours and types of the events.
      counts: Events in windows of time, and how recent they are.
      days: Length of the daily series; none where 0.
      words: Words kept of past reviews; none are read where 0.
      vocabulary: Words known of reviews.
    """

    sequence: bool = False
    counts: bool = False
    days: int = 0
    words: int = 0
    vocabulary: int = 0


NOTHING = Past()


class PastRelevance(NamedTuple):
    """How a history marks which of its events were relevant.

    Attributes:
      what: What the history of the values is called.
      column: The past values, `(batch, length)`.
      bound: The smallest value of a relevant event.
    """

    what: str
    column: str
    bound: float


def past_relevance(spec: FeatureSpec, relevance: str | None) -> PastRelevance | None:
    """Returns how histories mark what was relevant; `None` if they do not.

    Args:
      spec: The dataset's spec.
      relevance: Name of the label that makes an event relevant, if one does.
    """
    label = spec.label(relevance) if relevance else None
    if label is None or label.equals is not None or label.feature not in spec.histories():
        return None
    bound = 1.0 if label.threshold is None else label.threshold
    return PastRelevance(label.feature, columns.history_value(label.feature), bound)


def event_values(spec: FeatureSpec) -> tuple[str, ...]:
    """Returns the columns of numbers whose past values histories hold, besides the time."""
    return tuple(what for what in spec.histories()
                 if what not in ("item_id", "timestamp")
                 and spec.history_source(what).dtype is not bytes)


def past_type(spec: FeatureSpec, past: Past) -> str | None:
    """Returns what the history of event types is called, `None` where none is read."""
    names = (what for what in spec.histories()
             if spec.history_source(what).role == "event_type")
    return next(names, None) if past.sequence else None


def past_text(spec: FeatureSpec, past: Past) -> str | None:
    """Returns what the history of reviews is called, `None` where none is read."""
    names = (what for what in spec.histories()
             if spec.history_source(what).language
             and not spec.history_source(what).pii)
    return next(names, None) if past.words else None


def past_strings(spec: FeatureSpec, past: Past) -> tuple[str, ...]:
    """Returns the histories that requests bring as strings, besides the items."""
    return tuple(what for what in (past_type(spec, past), past_text(spec, past)) if what)
