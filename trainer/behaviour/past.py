"""What a recipe derives of histories, and which of a dataset's histories it reads."""

from dataclasses import dataclass

from schemas import FeatureSpec


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


def event_values(spec: FeatureSpec) -> tuple[str, ...]:
    """Returns the columns of numbers whose past values histories hold, besides the time."""
    return tuple(what for what in spec.histories()
                 if what not in ("item_id", "timestamp")
                 and spec.history_source(what).dtype is not bytes)


def past_type(spec: FeatureSpec, past: Past) -> str | None:
    """Returns what the history of event types is called, `None` where none is read."""
    found = (what for what in spec.histories()
             if spec.history_source(what).role == "event_type")
    return next(found, None) if past.sequence else None


def past_text(spec: FeatureSpec, past: Past) -> str | None:
    """Returns what the history of reviews is called, `None` where none is read."""
    found = (what for what in spec.histories()
             if spec.history_source(what).language
             and not spec.history_source(what).pii)
    return next(found, None) if past.words else None


def past_strings(spec: FeatureSpec, past: Past) -> tuple[str, ...]:
    """Returns the histories that requests bring as strings, besides the items."""
    return tuple(what for what in (past_type(spec, past), past_text(spec, past)) if what)
