"""The recipe's `behaviour`: what is read of the past, each part with its options."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from trainer.behaviour.past import Past
from trainer.options import Count, OneOf, Positive, SomeOf, Strict, Tuned, Way, Whole


class PastPart(Strict):
    """A part of the past.

    Attributes:
      of_modality: The modality whose contents the part reads, if it reads any.
      of_items: Whether it describes an item; most describe a user.
      embedded: Whether its tower embeds what it reads, so that a gradient reaches its embeddings.
    """

    of_modality: ClassVar[str | None] = None
    of_items: ClassVar[bool] = False
    embedded: ClassVar[bool] = False


class Context(PastPart):
    """The moment of an event; it has no options."""


class Counts(PastPart):
    """The user's events in windows of time, and how recent they are; it has no options."""


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


class Reviews(PastPart):
    """The texts of earlier events, of a user (`reviews`) or about an item (`item_reviews`).

    Attributes:
      tokens: Words kept of them, the newest.
      vocabulary: Words known.
    """

    of_modality = "text"
    embedded = True

    tokens: Annotated[Count, Field(le=4096)] = 48
    vocabulary: Annotated[Count, Field(le=10_000_000)] = 8_000


class ItemReviews(Reviews):
    """The texts of earlier events about an item."""

    of_items = True


PARTS: dict[str, type[PastPart]] = {
    "history": History, "context": Context, "counts": Counts, "series": Series,
    "reviews": Reviews, "item_reviews": ItemReviews,
}
DEFAULT = ("history", "context")
Behaviour = Annotated[dict[str, PastPart], SomeOf(lambda: PARTS), Field(validate_default=True)]


def past_of(behaviour: Mapping[str, PastPart]) -> Past:
    """Returns what Transform and requests derive of the past.

    Args:
      behaviour: The parts by name.
    """
    parts = list(behaviour.values())
    reviews = next((part for part in parts if isinstance(part, Reviews)), None)
    return Past(
        sequence=any(isinstance(part, History) and part.in_order for part in parts),
        counts=any(isinstance(part, Counts) for part in parts),
        days=next((part.days for part in parts if isinstance(part, Series)), 0),
        words=reviews.tokens if reviews else 0,
        vocabulary=reviews.vocabulary if reviews else 0,
    )


def check_reviews(behaviour: Mapping[str, PastPart]) -> None:
    """Refuses two readers of reviews that want different words of them.

    Raises:
      ValueError: They do.
    """
    wanted = {(part.tokens, part.vocabulary) for part in behaviour.values()
              if isinstance(part, Reviews)}
    if len(wanted) > 1:
        raise ValueError("'reviews' and 'item_reviews' read the same words: give both the same "
                         "'tokens' and 'vocabulary'")
