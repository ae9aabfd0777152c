"""What a column of texts is like: empty ones, damage, languages, words."""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import stop_words
from ftfy import badness

TEXTS = 5_000  # most texts of a column that are looked at
_WORDS = 100  # most frequent ones of a column
_RARE = 5  # texts; a word of fewer may name a person
_WORD = re.compile(r"\w+")
_SHORT = 3  # words; a shorter text is of no language that could be told


def profile_texts(values: np.ndarray) -> dict[str, Any]:
    """Returns what texts are like.

    Args:
      values: The texts, `(values,)` objects: bytes of UTF-8.

    Returns:
      `looked`, the number of texts; shares `empty` (no letter and no digit), `damaged` (bytes
      read in a wrong encoding) and `distinct`; `words` a text on average; shares of `languages`;
      and shares of the texts that have each of the most frequent `vocabulary`.
    """
    step = max(1, len(values) // TEXTS)
    texts = [value.decode("utf-8", "replace") for value in values[::step]]
    if not texts:
        return {"looked": 0, "empty": 0.0, "damaged": 0.0, "languages": {}, "vocabulary": {}}
    words = [_WORD.findall(text.lower()) for text in texts]
    counted = Counter(word for found in words for word in set(found))
    spoken = Counter(language(found) for found in words if len(found) >= _SHORT)
    return {
        "looked": len(texts),
        "empty": sum(not found for found in words) / len(texts),
        "damaged": sum(map(is_damaged, texts)) / len(texts),
        "distinct": len(set(texts)) / len(texts),
        "words": sum(map(len, words)) / len(texts),
        "languages": {name: count / spoken.total() for name, count in spoken.most_common(12)},
        "vocabulary": {word: count / len(texts) for word, count in counted.most_common(_WORDS)
                       if count >= _RARE},
    }


def is_damaged(text: str) -> bool:
    """Tells whether a text has marks of a wrong encoding: `KÃ¼ste`, `K\\ufffdste`, zero bytes."""
    return "\ufffd" in text or "\0" in text or badness.is_bad(text)


def language(words: Sequence[str]) -> str:
    """Guesses the language of a text by its most frequent words.

    Args:
      words: The text's words, in lower case.

    Returns:
      The language whose stop words are most of the text, by its English name; the script of the
      letters, such as `"cyrillic"`, where no language is told by it; else `"unknown"`.
    """
    found = set(words)
    script = Counter(_script(word[0]) for word in found).most_common(1)[0][0] if found else ""
    name, hits = max(((name, len(found & common)) for name, common in _stop_words().items()),
                     key=lambda pair: pair[1])
    if hits:
        return name
    return script if script not in ("latin", "digit") else "unknown"


@functools.cache
def _stop_words() -> dict[str, frozenset[str]]:
    return {name: frozenset(stop_words.get_stop_words(code))
            for code, name in stop_words.LANGUAGE_MAPPING.items()}


def _script(letter: str) -> str:
    """Returns the script of a letter: the first word of its name in Unicode."""
    return unicodedata.name(letter, "unknown").split()[0].lower()
