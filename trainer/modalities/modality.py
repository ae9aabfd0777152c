"""What a modality is to a recommender, and the registry of all that there are.

A modality is one object, in a package of its own that has the same files as every other: `options`
(of a recipe), `preprocess` (from the raw column to declared columns), `tower` (what reads them),
`augment` (how training varies them) and `explain`. The object is light: it imports TensorFlow and
Keras as soon as it is asked for what needs them, for a recipe is read without.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas import Feature, InputError, unknown
from trainer.modalities.options import ModalityOptions
from trainer.network.part import Part
from trainer.preprocessing.column import Column


@dataclass(frozen=True)
class Block:
    """A feature of some rows, for models that learn no towers.

    Attributes:
      values: Weights of a bag's words `(batch, words)`, or a dense vector `(batch, width)`.
      words: The bag's words `(batch, words)`; `None` for a dense vector.
    """

    values: Any
    words: Any = None


@dataclass(frozen=True)
class Division:
    """A piece of a raw value, and the value without it.

    Attributes:
      kind: What a piece is called, such as `word`; `whole` for all of the value.
      place: Which piece: a value, a word in lower case, or a number; `None` of the whole.
      without: The column's values without it.
      reference: The column's values to compare with, where they are not the row's own.
    """

    kind: str
    place: Any
    without: list
    reference: list | None = None


class Modality(ABC):
    """A kind of content of users and items.

    What a recipe says of the modality is called its options; Transform has them as plain values.

    Attributes:
      name: The tag in a schema, the name in a recipe.
      options: What a recipe may say of it.
      divisible: Whether an explanation says so where it cannot divide a value into pieces.
      pictured: Whether a data report shows some values as pictures.
      timed: Whether a data report measures how long values last.
    """

    name: ClassVar[str]
    options: ClassVar[type[ModalityOptions]] = ModalityOptions
    divisible: ClassVar[bool] = False
    pictured: ClassVar[bool] = False
    timed: ClassVar[bool] = False

    @abstractmethod
    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """Declares the columns that `preprocess` makes of a feature, given its options."""

    @abstractmethod
    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """Makes columns of a raw one, `(batch, ...)` by name, inside the transform graph."""

    @abstractmethod
    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """Plans the parts of a network that read a feature, the tower first."""

    @abstractmethod
    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """Describes a feature without a tower, with operations of Keras, from its columns."""

    def unread(self, feature: Feature, options: Any) -> set[str]:
        """Returns the columns of a feature that the towers leave aside."""
        return set()

    def vocabularies(self, feature: Feature, options: Any) -> list[str]:
        """Returns the vocabularies whose indices the tower embeds, by name."""
        return []

    def divide(self, values: list) -> Iterator[Division]:
        """Yields the pieces of a raw value, for occlusion; none by default."""
        return iter(())

    def shares(self, name: str, values: list, found: Mapping[str, Any],
               options: Any) -> Iterator[tuple[str, Any, float]]:
        """Divides what a gradient says among the pieces of a raw value; none by default.

        Args:
          name: Name of the column's attributions among `found`.
          values: The raw value.
          found: What the exported model answered for one row.
          options: How the value was read.

        Yields:
          Kind and place of a piece, see `Division`, and its share.
        """
        return iter(())

    def picture(self, value: bytes) -> Any:
        """Returns a raw value of a pictured modality as a picture of Pillow."""
        raise NotImplementedError(f"values of {self.name} have no picture")

    def seconds(self, value: bytes) -> float:
        """Returns how long a raw value of a timed modality lasts."""
        raise NotImplementedError(f"values of {self.name} do not last")

    def encoder_input(self) -> Any:
        """Returns how pretrained encoders take values, an `EncoderInput`.

        Raises:
          InputError: No encoder takes any.
        """
        raise InputError(f"No pretrained encoder reads the modality {self.name!r}.")

    def show(self, values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
        """Returns what a page shows of a divided value, given each piece's value and tint."""
        return {"pieces": [{"text": str(place), **tint} for place, tint in tints.items()]}


MODALITIES: dict[str, Modality] = {}


def register(modality: Modality) -> Modality:
    """Adds a modality, so that schemas and recipes may name it."""
    MODALITIES[modality.name] = modality
    return modality


def divisions(feature: Feature, values: list) -> Iterator[Division]:
    """Yields the pieces of a column that a row has, all of it first; of an absent one none.

    Args:
      feature: The column.
      values: The row's values.
    """
    if values and values != [b""]:
        yield Division("whole", None, [])
        yield from modality_of(feature).divide(values)


def modality_of(feature: Feature) -> Modality:
    """Returns a feature's modality.

    Raises:
      InputError: It has none, or one that a model cannot read.
    """
    name = str(feature.modality)
    if name not in MODALITIES:
        raise unknown("modality", name, MODALITIES)
    return MODALITIES[name]


