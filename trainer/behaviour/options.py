"""The recipe's `behaviour`: the parts of the past that are read, in one registry."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from schemas import FeatureSpec
from trainer.behaviour.past import Past, event_values, past_type
from trainer.options import Count, OneOf, Positive, SomeOf, Strict, Tuned, Way, Whole
from trainer.parts.part import ITEMS, USERS, Built, Materials
from trainer.preprocessing import columns


class PastPart(Strict):
    """A part of the past.

    Attributes:
      of_modality: The modality whose contents the part reads, if it reads any.
      embedded: Whether its tower embeds what it reads, so that a gradient reaches its embeddings.
    """

    of_modality: ClassVar[str | None] = None
    embedded: ClassVar[bool] = False

    @property
    def needs_events(self) -> bool:
        """Whether it is an error that a dataset has no histories of items and times."""
        return True

    @property
    def derived(self) -> dict[str, Any]:
        """What Transform and requests derive of the past for it, as values of `Past`."""
        return {}

    @property
    def reconstruction(self) -> float:
        """Weight of the loss of what it fails to reconstruct; 0 if it has no such loss."""
        return 0.0

    def names(self, name: str) -> dict[str, str]:
        """Returns the parts of the network that read it: their names by the side they describe.

        Args:
          name: What recipes call it.
        """
        return {USERS: name}

    def columns(self, spec: FeatureSpec, past: Past) -> Iterator[str]:
        """Yields the columns of a row that its tower of users reads."""
        raise NotImplementedError

    def build(self, spec: FeatureSpec, materials: Materials) -> Built:
        """Builds its tower.

        Args:
          spec: The dataset's spec.
          materials: The inputs, width and dropout, and what the towers of the past share.
        """
        raise NotImplementedError


class History(PastPart):
    """The user's earlier events.

    Attributes:
      tower: `means` averages earlier items with learned decays; `gru` and `self_attention` read
        the events in their order, with type, values, gap and hour.
    """

    embedded = True

    tower: Tuned[Annotated[Way, OneOf("means", "gru", "self_attention")]] = Field(
        default="means", validate_default=True)

    @property
    def in_order(self) -> bool:
        """Whether the order of the events is read."""
        return self.tower.name != "means"

    @property
    def needs_events(self) -> bool:
        """See `PastPart`; means are read of whatever a dataset has."""
        return self.in_order

    @property
    def derived(self) -> dict[str, Any]:
        """See `PastPart`."""
        return {"sequence": self.in_order}

    def columns(self, spec: FeatureSpec, past: Past) -> Iterator[str]:
        """See `PastPart`."""
        yield from (columns.HISTORY_INDEX, columns.HISTORY_AGE, columns.HISTORY_RANK)
        yield from map(columns.history_value, event_values(spec))
        if past.sequence:
            yield from (columns.PAST_GAP, columns.PAST_HOUR)
            if past_type(spec, past):
                yield columns.PAST_TYPE

    def build(self, spec: FeatureSpec, materials: Materials) -> Built:
        """See `PastPart`."""
        from trainer.behaviour.towers import history_in_order, history_means

        if self.in_order:
            return history_in_order(self.tower.name, spec, materials)
        return history_means(spec, materials)


class Context(PastPart):
    """The moment of an event; it has no options."""

    @property
    def needs_events(self) -> bool:
        """See `PastPart`; the moment is a request's own."""
        return False

    def columns(self, spec: FeatureSpec, past: Past) -> Iterator[str]:
        """See `PastPart`."""
        yield columns.CONTEXT

    def build(self, spec: FeatureSpec, materials: Materials) -> Built:
        """See `PastPart`."""
        from trainer.behaviour.towers import context

        return context(materials)


class Counts(PastPart):
    """The user's events in windows of time, and how recent they are; it has no options."""

    @property
    def derived(self) -> dict[str, Any]:
        """See `PastPart`."""
        return {"counts": True}

    def columns(self, spec: FeatureSpec, past: Past) -> Iterator[str]:
        """See `PastPart`."""
        yield from (columns.HISTORY_INDEX, columns.PAST_COUNTS)

    def build(self, spec: FeatureSpec, materials: Materials) -> Built:
        """See `PastPart`."""
        from trainer.behaviour.towers import counts

        return counts(materials)


class Vae(Way):
    """A variational autoencoder over all days at once.

    Attributes:
      reconstruction: Weight of the loss of what it fails to reconstruct; it is not balanced, and is
        logged as `reconstruction_loss`.
    """

    name = "vae"

    reconstruction: Tuned[Positive] = 0.1


class Series(PastPart):
    """The user's events of each day.

    Attributes:
      tower: `rnn` reads the days in their order, `vae` encodes them all at once (Kingma and
        Welling 2014).
      days: Number of days.
    """

    tower: Tuned[Annotated[Way, OneOf("rnn", Vae)]] = Field(default="rnn", validate_default=True)
    days: Annotated[Whole, Field(ge=7, le=365)] = 28

    @property
    def derived(self) -> dict[str, Any]:
        """See `PastPart`."""
        return {"days": self.days}

    @property
    def reconstruction(self) -> float:
        """See `PastPart`."""
        return self.tower.options.get("reconstruction", 0.0)

    def columns(self, spec: FeatureSpec, past: Past) -> Iterator[str]:
        """See `PastPart`."""
        yield columns.PAST_SERIES

    def build(self, spec: FeatureSpec, materials: Materials) -> Built:
        """See `PastPart`."""
        from trainer.behaviour.towers import series_in_order, series_reconstructed

        return series_reconstructed(materials) if self.reconstruction else series_in_order(
            materials)


class Reviews(PastPart):
    """The texts of earlier events.

    Attributes:
      of: Whose they are: those that `users` wrote, those about `items`, or both.
      tokens: Words kept of them, the newest.
      vocabulary: Words known.
    """

    of_modality = "text"
    embedded = True

    of: Annotated[tuple[Literal["users", "items"], ...], Field(min_length=1)] = ("users",)
    tokens: Annotated[Count, Field(le=4096)] = 48
    vocabulary: Annotated[Count, Field(le=10_000_000)] = 8_000

    @field_validator("of")
    @classmethod
    def _sides_are_different(cls, of: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(of)) < len(of):
            raise ValueError(f"a side is there twice: {list(of)}")
        return of

    @property
    def derived(self) -> dict[str, Any]:
        """See `PastPart`."""
        return {"words": self.tokens, "vocabulary": self.vocabulary}

    def names(self, name: str) -> dict[str, str]:
        """See `PastPart`."""
        return {side: {USERS: name, ITEMS: f"item_{name}"}[side] for side in self.of}

    def columns(self, spec: FeatureSpec, past: Past) -> Iterator[str]:
        """See `PastPart`; the words of an item are a column of the items."""
        if USERS in self.of:
            yield columns.PAST_WORDS

    def build(self, spec: FeatureSpec, materials: Materials) -> Built:
        """See `PastPart`."""
        from trainer.behaviour.towers import item_reviews, reviews

        return {USERS: reviews, ITEMS: item_reviews}[materials.side](materials)


PARTS: dict[str, type[PastPart]] = {
    "history": History, "context": Context, "counts": Counts, "series": Series, "reviews": Reviews,
}
DEFAULT = ("history", "context")
Behaviour = Annotated[dict[str, PastPart], SomeOf(lambda: PARTS), Field(validate_default=True)]


def past_of(behaviour: Mapping[str, PastPart]) -> Past:
    """Returns what Transform and requests derive of the past.

    Args:
      behaviour: The parts by name.
    """
    values: dict[str, Any] = {}
    for part in behaviour.values():
        values |= part.derived
    return Past(**values)
