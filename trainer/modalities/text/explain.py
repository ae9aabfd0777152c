"""The words of a text, and what they are worth."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from trainer.modalities.modality import Division
from trainer.modalities.terms import shared, terms_of
from trainer.modalities.text import names

_WORDS = 200


def equal_shares(topics: Any) -> Any:
    """Returns a text of no topic more than of another, `(batch, topics)`."""
    import tensorflow as tf

    return topics * 0 + tf.reduce_mean(topics, axis=1, keepdims=True)


def words(text: str) -> Iterator[tuple[str, bool]]:
    """Splits a text as the model does, with what is between; `(piece, whether it is a word)`."""
    piece, kind = "", ""
    for letter in text:
        now = _kind(letter)
        if piece and (now != kind or kind == "character"):
            yield piece, kind != "between"
            piece = ""
        piece, kind = piece + letter, now
    if piece:
        yield piece, kind != "between"


def _kind(letter: str) -> str:
    if unicodedata.category(letter)[0] not in "LMN":
        return "between"
    name = unicodedata.name(letter, "")
    unspaced = name.startswith(("CJK ", "HIRAGANA ", "KATAKANA "))
    return "character" if unspaced else "word"


def divide(values: list) -> Iterator[Division]:
    """Yields the first words of a text, each left out wherever it is."""
    pieces = list(words(values[0].decode("utf-8", "replace")))
    distinct = dict.fromkeys(piece.lower() for piece, is_word in pieces if is_word)
    for word in list(distinct)[:_WORDS]:
        rest = "".join(" " if piece.lower() == word else piece for piece, _ in pieces)
        yield Division("word", word, [rest.encode()])


def shares(name: str, values: list, attributions: Mapping[str, Any],
           options: Any) -> Iterator[tuple[str, Any, float]]:
    """Yields the share of each word that the model read, of those of words and characters."""
    text = values[0].decode("utf-8", "replace")
    shown = Counter(piece.lower() for piece, is_word in words(text) if is_word)
    worth = shared(shown, *terms_of(attributions, name), _of_run)
    characters = names.characters(name)
    if characters in attributions:
        runs = shared(shown, *terms_of(attributions, characters), _of_characters)
        worth = {word: worth.get(word, 0.0) + runs.get(word, 0.0) for word in {**worth, **runs}}
    yield from (("word", *each) for each in worth.items())


def _of_run(term: str, word: str, count: int) -> int:
    """A run of words belongs to each of them alike, however often they are there alone."""
    return term.split(" ").count(word)


def _of_characters(term: str, word: str, count: int) -> int:
    """A run of characters counts once for each time that a word brings it, and so does TF-IDF."""
    marked = f"_{word}_"
    return count * sum(marked.startswith(term, place) for place in range(len(marked)))


def show(values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the text with its tinted words."""
    text = values[0].decode("utf-8", "replace")
    return {"words": [{"text": piece, **(tints.get(piece.lower(), {}) if is_word else {})}
                      for piece, is_word in words(text)]}
