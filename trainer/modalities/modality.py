"""What a modality is to a recommender, and the registry of all that there are.

A modality is one object, in a package of its own that has the same files as every other: `options`
(of a recipe), `preprocess` (from the raw column to declared columns), `tower` (what reads them),
`augment` (how training varies them), `explain`, and `facts` of media for the profile of the data.
The object is light: it imports TensorFlow and Keras as soon as it is asked for what needs them, for
a recipe is read without.
"""

import hashlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from schemas import MODALITIES as RAW_MODALITIES
from schemas import Feature, unknown
from schemas.modality import RawModality
from trainer.modalities.options import ModalityOptions
from trainer.parts.part import Embedded, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Purpose

_GREY = 127.5


@dataclass(frozen=True)
class Block:
    """A feature of some rows, for models that learn no towers.

    Attributes:
      values: Weights of a bag's words `(batch, words)`, or a dense vector `(batch, width)`.
      words: The bag's words `(batch, words)`; `None` for a dense vector.
      present: If `values` is one number, `(batch, 1)`: 1.0 where there is one, of the same shape.
    """

    values: Any
    words: Any = None
    present: Any = None


@dataclass(frozen=True, eq=False)
class Facts:
    """What an encoded file is like, for the profile of the data.

    Attributes:
      digest: Equal files have it in common.
      figures: Numbers of 0 or more by name; a profile has their medians, which runs compare.
      blank: Whether there is nothing to see or hear.
      hash: Of files whose near-equals count as well, `(bits,)` bool: few bits differ between them.
      small: Decides among those of a near hash: a copy of few pixels, values of 0 to 255.
    """

    digest: str
    figures: dict[str, float] = field(default_factory=dict)
    blank: bool = False
    hash: Any = None
    small: Any = None


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
    What a modality does not say itself, the files of its package say.

    Attributes:
      options: What a recipe may say of it.
      raw: What its raw values are, with its name: the tag in a schema, the name in a recipe.
      divisible: Whether an explanation says so where it cannot divide a value into pieces.
      pictured: Whether a data report shows some values as pictures.
      caption: What the report says of these pictures, or lengths.
      timed: Whether a data report measures how long values last.
    """

    options: ClassVar[type[ModalityOptions]] = ModalityOptions
    raw: ClassVar[RawModality]
    divisible: ClassVar[bool] = False
    pictured: ClassVar[bool] = False
    caption: ClassVar[str] = ""
    timed: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The tag in a schema, the name in a recipe."""
        return self.raw.name

    @abstractmethod
    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """Declares the columns that `preprocess` makes of a feature, given its options."""

    @abstractmethod
    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """Plans the parts of a network that read a feature, the tower first."""

    @abstractmethod
    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """Describes a feature without a tower, with operations of Keras, from its columns."""

    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """Makes columns of a raw one, `(batch, ...)` by name, inside the transform graph."""
        return self.file("preprocess").preprocess(column, feature, options)

    def readable(self, raw: Any) -> Any:
        """Returns a request's raw values, `''` in place of those that would stop `preprocess`."""
        return raw

    def unread(self, feature: Feature, options: Any) -> set[str]:
        """Returns the columns of a feature that the towers leave aside."""
        return set()

    def vocabularies(self, feature: Feature, options: Any) -> list[str]:
        """Returns the vocabularies whose indices the tower embeds, by name."""
        return []

    def tower(self, feature: Feature, options: Any, *gradient: Numbers | Embedded) -> Part:
        """Plans the part of a feature's tower, given what of it a gradient reaches."""
        return Part(
            feature.name, feature.side, f"the column {feature.name!r}",
            lambda materials: self.file("tower").tower(feature, materials, options),
            gradient=gradient)

    def divide(self, values: list) -> Iterator[Division]:
        """Yields the pieces of a raw value, for occlusion; none without the file `explain`."""
        return self.file("explain").divide(values) if self.has_file("explain") else iter(())

    def shares(self, name: str, values: list, attributions: Mapping[str, Any],
               options: Any) -> Iterator[tuple[str, Any, float]]:
        """Divides what a gradient says among the pieces of a raw value.

        Args:
          name: Name of the column's attributions among `attributions`.
          values: The raw value.
          attributions: What the exported model answered for one row.
          options: How the value was read.

        Returns:
          Kind and place of each piece, see `Division`, and its share; none without the file
          `explain`.
        """
        if not self.has_file("explain"):
            return iter(())
        return self.file("explain").shares(name, values, attributions, options)

    def show(self, values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
        """Returns what a page shows of a divided value, given each piece's value and tint.

        Returns:
          One of `words`, a running text of which some have a tint; `picture`, with a `grid` and its
          `squares`; `frames`, pictures; and `pieces`, each with its `text`.
        """
        if self.has_file("explain") and hasattr(self.file("explain"), "show"):
            return self.file("explain").show(values, tints)
        return {"pieces": [{"text": str(place), **tint} for place, tint in tints.items()]}

    def picture(self, value: bytes) -> Any:
        """Returns a raw value of a pictured modality as a picture of Pillow."""
        return self.file("explain").picture(value)

    def seconds(self, value: bytes) -> float:
        """Returns how long a raw value of a timed modality lasts."""
        return self.file("explain").seconds(value)

    def facts(self, value: bytes) -> Facts:
        """Returns what a raw value of encoded files is like; without the file `facts`, little."""
        if self.has_file("facts"):
            return self.file("facts").facts(value)
        return Facts(hashlib.blake2b(value).hexdigest())

    def bag(self, feature: Feature, options: Any) -> str | None:
        """Returns the vocabulary of a `block`'s words, `None` where it is a dense vector."""
        return None

    def encoder_input(self) -> Any:
        """Returns how pretrained encoders take a column of BYTES, an `EncoderInput`."""
        return self.file("encode").INPUT

    def file(self, name: str) -> Any:
        """Imports a file of the modality's package.

        By its name, so that the cache key of a component covers the files that it reads
        (`files_of`) and not those of every other.
        """
        return importlib.import_module(f"{type(self).__module__}.{name}")

    def has_file(self, name: str) -> bool:
        """Returns whether the modality's package has a file."""
        module = importlib.import_module(type(self).__module__)
        return hasattr(module, "__path__") and importlib.util.find_spec(
            f"{module.__name__}.{name}") is not None


MODALITIES: dict[str, Modality] = {}


def register(modality: Modality) -> Modality:
    """Adds a modality, so that schemas and recipes may name it."""
    RAW_MODALITIES[modality.name] = modality.raw
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


def files_of(*names: str) -> list[str]:
    """Returns the dotted names of some files of all packages of modalities that have them."""
    return [f"{type(one).__module__}.{name}" for one in MODALITIES.values() for name in names
            if one.has_file(name)]


def present_column(feature: Feature) -> Column:
    """Declares the column that is 1.0 where a feature has a value."""
    return Column(columns.present(feature.name), feature.name, "float32", purpose=Purpose.PRESENT)


def grey(pixels: Any) -> Any:
    """Returns grey in the shape of some pixels: a picture that says nothing."""
    return pixels * 0 + _GREY


def zeros(value: Any) -> Any:
    """Returns zeros in the shape of some content: what says nothing of a number."""
    return value * 0
