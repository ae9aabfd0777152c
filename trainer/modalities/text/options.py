"""What a recipe may say of texts."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from trainer.modalities.options import Encoder, ModalityOptions
from trainer.modalities.text.stop_words import languages, plain
from trainer.options import Count, OneOf, Share, Tuned, Way, Whole

_LONGEST_RUN = 8


def _range(given: tuple[int, int] | None) -> tuple[int, int] | None:
    if given is not None and not 1 <= given[0] <= given[1] <= _LONGEST_RUN:
        raise ValueError(f"{list(given)} was given; two numbers from 1 to {_LONGEST_RUN} are "
                         "allowed, the smaller one first, such as [3, 5]")
    return given


def _stop_words(given: object) -> object:
    if isinstance(given, str) and given not in languages():
        raise ValueError(f"no list for the language '{given}'; there are lists for: "
                         f"{', '.join(languages())}. Or give the words themselves as a list")
    if not (given is None or isinstance(given, str | list | tuple)):
        raise ValueError(f"{given!r} was given; a language, a list of words or null is allowed")
    for entry in given if isinstance(given, list | tuple) else ():
        if not isinstance(entry, str) or len(plain(entry)) != 1:
            raise ValueError(f"{entry!r} is not one word of letters and digits; each entry of the "
                             "list must be one (in quotes, where YAML takes it for something else)")
    return given


class Tfidf(Way):
    """Weighs a text's distinct terms.

    Attributes:
      characters: Characters of the shortest and longest run within a word, such as `[3, 5]`, from 1
        to 8, the marks of a word's start and end among them; none if `None`.
      hidden: Share of a text's terms that training leaves out.
    """

    name = "tfidf"

    characters: Annotated[tuple[Whole, Whole] | None, AfterValidator(_range)] = None
    hidden: Tuned[Share] = 0.0


class Bag(Way):
    """Averages the embeddings of a text's words.

    Attributes:
      hidden: Share of a text's words that training leaves out.
    """

    name = "bag"

    hidden: Tuned[Share] = 0.0


class Ordered(Way):
    """Base of the towers that read words in their order.

    Attributes:
      hidden: Share of a text's words that training leaves out.
      swapped: Share of a text's words that change places with a neighbour in training.
    """

    name = "ordered"

    hidden: Tuned[Share] = 0.0
    swapped: Tuned[Share] = 0.0


class Cnn(Ordered):
    """Convolutions over words."""

    name = "cnn"


class Lstm(Ordered):
    """A recurrent network over words."""

    name = "lstm"


class Transformer(Ordered):
    """Self-attention over words."""

    name = "transformer"


class TextOptions(ModalityOptions):
    """Texts.

    Attributes:
      tower: What reads a text: `tfidf` its weighted terms; or its words, `bag` by the mean of their
        embeddings, `cnn` by convolutions (Kim 2014), `lstm` in both directions, `transformer` by
        one block of self-attention.
      tokens: Words kept of a text: the first for towers that read words, the heaviest terms for
        `tfidf` (and four times as many runs of characters).
      vocabulary: Words known, and terms of each kind.
      words: Words of the longest term, of TF-IDF and of topics: 2 counts pairs of neighbours too.
      stop_words: Words left out of everything but the sentiment: a language of the package
        `stop-words`, by its English name, or a list; none if `None`.
      topics: Topics fitted to the table's texts (NMF on TF-IDF), none if `None`; each text's shares
        are a part of their own.
      sentiment: Whether polarity, strength and share of opinion words are a part of their own;
        English only, by VADER's lexicon.
      encoder: A pretrained network for texts.
    """

    prepared = ("tokens", "vocabulary", "words", "stop_words", "topics", "sentiment")

    tower: Tuned[Annotated[Way, OneOf(Tfidf, Bag, Cnn, Lstm, Transformer)]] = Field(
        default="tfidf", validate_default=True)
    tokens: Annotated[Count, Field(le=4096)] = 48
    vocabulary: Annotated[Count, Field(le=10_000_000)] = 8_000
    words: Annotated[Whole, Field(ge=1, le=3)] = 1
    stop_words: Annotated[str | tuple[str, ...] | None, BeforeValidator(_stop_words)] = None
    topics: Annotated[Whole, Field(ge=2, le=256)] | None = None
    sentiment: bool = False
    encoder: Encoder | None = None

    @property
    def characters(self) -> tuple[int, int] | None:
        """The lengths of TF-IDF's terms within a word."""
        return getattr(self.tower, "characters", None)

    def of_transform(self) -> dict:
        """Returns the options that Transform reads, as plain values."""
        return {**super().of_transform(), "characters": self.characters}

    def of_network(self) -> list[str]:
        """Returns the options that only a network reads: the terms of TF-IDF are Transform's."""
        terms = isinstance(self.tower, Tfidf) and not self.tower.hidden
        return [name for name in super().of_network() if not (terms and name == "tower")]

    @model_validator(mode="after")
    def _terms_have_a_reader(self) -> "TextOptions":
        if self.topics is not None and self.topics > self.vocabulary:
            raise ValueError(f"topics is {self.topics}, at most vocabulary ({self.vocabulary}) is "
                             "possible")
        if self.words > 1 and not self.topics and not isinstance(self.tower, Tfidf):
            raise ValueError(f"words is {self.words}, but only the tower 'tfidf' and topics have "
                             f"terms of several words; the tower is '{self.tower.name}'")
        return self
