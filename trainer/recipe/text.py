"""The recipe's `preprocessing.text`: what Transform makes of texts, and who must read it."""

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from trainer.modalities.text.stop_words import languages, plain
from trainer.recipe.strict import Count, Strict, Whole

if TYPE_CHECKING:
    from trainer.recipe.recipe import Recipe

_LONGEST_RUN = 8
_IN_NO_ORDER = ("tfidf", "bag")


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


class TextOptions(Strict):
    """Preprocessing of texts.

    Attributes:
      tokens: Words, and terms of TF-IDF, kept of a text.
      vocabulary: Words known, and terms of each kind.
      words: Words of the longest term of TF-IDF.
      characters: Characters of TF-IDF's shortest and longest term within a word, none where
        `None`.
      stop_words: A language or the words to leave out; none where `None`.
      topics: Topics fitted to the table's texts, none where `None`.
      sentiment: Whether texts are rated by an English lexicon.
    """

    tokens: Annotated[Count, Field(le=4096)] = 48
    vocabulary: Annotated[Count, Field(le=10_000_000)] = 8_000
    words: Annotated[Whole, Field(ge=1, le=3)] = 1
    characters: Annotated[tuple[Whole, Whole] | None, AfterValidator(_range)] = None
    stop_words: Annotated[str | tuple[str, ...] | None, BeforeValidator(_stop_words)] = None
    topics: Annotated[Whole, Field(ge=2, le=256)] | None = None
    sentiment: bool = False

    @model_validator(mode="after")
    def _fewer_topics(self) -> "TextOptions":
        if self.topics is not None and self.topics > self.vocabulary:
            raise ValueError(f"topics is {self.topics}, at most vocabulary ({self.vocabulary}) is "
                             "possible")
        return self


def require_readers(recipe: "Recipe") -> None:
    """Refuses options of texts that its tower does not read.

    Raises:
      ValueError: There is one; the message names its key.
    """
    tower, text = recipe.model.towers.text, recipe.preprocessing.text
    noise = recipe.training.augmentation.text
    if tower != "tfidf":
        why = f"but only the tower 'tfidf' reads it, and 'model.towers.text' is '{tower}'"
        if text.characters:
            raise ValueError(f"'preprocessing.text.characters' is {list(text.characters)}, {why}")
        if text.words > 1 and not text.topics:
            raise ValueError(f"'preprocessing.text.words' is {text.words}, {why}")
    if noise.swapped and tower in _IN_NO_ORDER:
        raise ValueError(f"'training.augmentation.text.swapped' is {noise.swapped}, but the tower "
                         f"'{tower}' ('model.towers.text') does not read the order of words")


def asked_of_texts(recipe: "Recipe") -> dict[str, object]:
    """Returns the keys, with their values, that ask for texts by more than their modality."""
    text, noise = recipe.preprocessing.text, recipe.training.augmentation.text
    tower = recipe.model.towers.text
    asked = {
        "model.towers.text": None if tower == "tfidf" else tower,
        "preprocessing.text.topics": text.topics,
        "preprocessing.text.sentiment": text.sentiment,
        "training.augmentation.text.hidden": noise.hidden,
        "training.augmentation.text.swapped": noise.swapped,
    }
    return {key: value for key, value in asked.items() if value}
