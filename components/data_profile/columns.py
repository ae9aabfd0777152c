"""What a column's values are like, by what the schema says that they are; texts above all."""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import stop_words
from ftfy import badness

from components.data_profile.bars import bars
from components.data_profile.media import profile_media
from components.data_profile.tables import Table, Values, codes
from schemas import Feature, FeatureSpec
from schemas.values.text import is_absent, unnamed

TEXTS = 5_000  # most texts of a column that are looked at
_WORDS = 100  # most frequent ones of a column
FEWEST = 5  # people, or items; a word or a category of fewer may name a person
# Of a script without blanks between words each letter is taken for one.
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_SHORT = 3  # words; a shorter text is of no language that could be recognised
_CATEGORIES = 1_000  # most frequent ones of a column
# What a program for web pages, JSON or addresses writes: &eacute; <br> \u00e9 %C3%A9
_ESCAPE = re.compile(
    r"&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,8}\d?);|\\u[0-9a-fA-F]{4}|%[C-F][0-9A-F]%[89AB]"
    r"|</?(?:p|br|b|i|em|strong|span|div|a|ul|ol|li|h[1-6])(?:\s[^<>]*)?/?>")
_LOST_LETTER = re.compile(r"[^\W\d_]\?[a-zß-öø-ÿ]")
_WRONG_LETTERS = re.compile("[\u00c0-\u00ff]{4}")
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_QUANTILES = np.linspace(0, 1, 11)
_EDGES = (0.01, 0.99)  # within which nearly all numbers are


def profile_texts(values: np.ndarray, writers: np.ndarray | None = None, fewest: int = FEWEST
                  ) -> dict[str, Any]:
    """Returns what texts are like.

    Args:
      values: The texts, `(values,)` objects: bytes of UTF-8.
      writers: Whose each is, `(values,)` whole numbers; each another one's where `None`.
      fewest: A word of fewer writers is in no vocabulary.

    Returns:
      `looked`, the number of texts; shares `empty` (no letter and no digit), `damaged` (bytes
      read in a wrong encoding), `escaped` (letters as a web page or JSON write them), `distinct`,
      and of the most frequent one (`top_share`); `words` a text on average; shares of `languages`,
      of the `spoken` texts that have enough words, and of `scripts`; and shares of the texts that
      have each of the most frequent `vocabulary`.
    """
    step = max(1, len(values) // TEXTS)
    texts = [value.decode("utf-8", "replace") for value in values[::step]]
    whose = range(len(texts)) if writers is None else writers[::step].tolist()
    if not texts:
        return {"looked": 0, "empty": 0.0, "damaged": 0.0, "escaped": 0.0, "languages": {},
                "scripts": {}, "spoken": 0, "vocabulary": {}}
    words = [_WORD.findall(text.lower()) for text in texts]
    counted = Counter(word for text_words in words for word in set(text_words))
    writers_of = Counter(word for word, _ in {(word, one) for one, text_words in zip(
        whose, words, strict=True) for word in text_words})
    spoken = Counter(language(text_words) for text_words in words if len(text_words) >= _SHORT)
    scripts = Counter(script for text_words in words if (script := script_of(text_words)))
    return {
        "looked": len(texts),
        "empty": sum(not text_words for text_words in words) / len(texts),
        "damaged": sum(map(is_damaged, texts)) / len(texts),
        "escaped": sum(_ESCAPE.search(text) is not None for text in texts) / len(texts),
        "distinct": len(set(texts)) / len(texts),
        "top_share": max(Counter(texts).values()) / len(texts),
        "words": sum(map(len, words)) / len(texts),
        "languages": _shares(spoken), "spoken": spoken.total(), "scripts": _shares(scripts),
        "vocabulary": {word: count / len(texts) for word, count in counted.most_common(_WORDS)
                       if writers_of[word] >= fewest},
    }


def _shares(counts: Counter[str]) -> dict[str, float]:
    return {name: count / counts.total() for name, count in counts.most_common(12)}


def is_damaged(text: str) -> bool:
    """Returns whether a text has marks of a wrong encoding: `KÃ¼ste`, `K\\ufffdste`, zero bytes.

    A question mark within a word, as in `K?ste`, is one that took the place of a letter, and no
    language that Latin-1 writes has many of its accents in a row, as Cyrillic read as Latin-1 has.
    """
    return ("\ufffd" in text or _CONTROL.search(text) is not None or badness.is_bad(text)
            or _WRONG_LETTERS.search(text) is not None or any(
        _LOST_LETTER.search(word) and "/" not in word for word in text.split()))


def language(words: Sequence[str]) -> str:
    """Guesses the language of a text by its most frequent words.

    Args:
      words: The text's words, in lower case.

    Returns:
      The language whose stop words are most of the text, by its English name; the script of the
      letters, such as `"cyrillic"`, where no language is recognised by it; else `"unknown"`.
    """
    distinct = set(words)
    script = script_of(words)
    name, hits = max(((name, len(distinct & common)) for name, common in _stop_words().items()),
                     key=lambda pair: pair[1])
    if hits:
        return name
    return script if script not in ("latin", "") else "unknown"


def script_of(words: Sequence[str]) -> str:
    """Returns the script that most different words begin with; digits are of none."""
    scripts = Counter(_script(word[0]) for word in set(words) if not word[0].isdigit())
    return max(scripts, key=lambda one: (scripts[one], one)) if scripts else ""


@functools.cache
def _stop_words() -> dict[str, frozenset[str]]:
    return {name: frozenset(stop_words.get_stop_words(code))
            for code, name in stop_words.LANGUAGE_MAPPING.items()}


def _script(letter: str) -> str:
    """Returns the script of a letter: the first word of its name in Unicode."""
    return unicodedata.name(letter, "unknown").split()[0].lower()


def profile_columns(spec: FeatureSpec, side: str, table: Table, lost: dict[str, int]
                    ) -> dict[str, Any]:
    """Returns what the columns of a table are like.

    Args:
      spec: The dataset's spec.
      side: The table's name.
      table: Its rows.
      lost: How many values of a column ingest left out, by column.

    Returns:
      By column `{"filled", "lost", "missing"}`, rows with a value, values left out and share of
      rows without one; for lists `each`, the values of a row that has some, on average; and under
      the name of its kind what `profile_*` of that kind says. Of personal data there is no more
      than the counts.
    """
    profiles = {}
    writers = codes(table.columns[spec.role("user_id", side).name].values) \
        if side == "interactions" else None
    for name, values in table.columns.items():
        filled = len(np.unique(values.rows))
        profile = {"filled": filled, "lost": lost.get(name, 0),
                   "missing": 1 - filled / table.rows if table.rows else 0.0}
        feature = next(f for f in spec.table(side) if f.name == name)
        if filled and not feature.scalar:
            profile["each"] = len(values.rows) / filled
        if not feature.pii:
            profile |= _of_kind(feature, values, spec, writers)
        profiles[name] = profile
    return profiles


def _of_kind(feature: Feature, values: Values, spec: FeatureSpec,
             writers: np.ndarray | None) -> dict[str, Any]:
    of = values.rows if writers is None else writers[values.rows]
    labels = [label for label in spec.labels_of(feature.side) if label.feature == feature.name]
    kind: dict[str, Any] = {"label": True} if labels else {}
    if feature.media:
        return kind | {"media": profile_media(values.values)}
    if feature.role in ("user_id", "item_id"):
        return kind | {"negative": negative_share(values.values),
                       "absent": absent_share(values.values)}
    if feature.role == "timestamp":
        return kind
    if feature.language:
        return kind | {"texts": profile_texts(values.values, of, max(FEWEST, feature.fewest_rows))}
    if feature.categories or feature.dtype is bytes:
        # A shelf's number is a category, too: a mean of shelves is of nothing.
        names = values.values if feature.dtype is bytes else np.char.encode(
            values.values.astype(str))
        return kind | {"categorical": profile_categories(
            names, None if feature.side == "items" else of)}
    return kind | {"numbers": profile_numbers(values.values)}


def profile_numbers(values: np.ndarray) -> dict[str, Any]:
    """Returns moments, deciles, edges and bars of numbers, and the share of the top one."""
    if not len(values):
        return {"count": 0}
    _, counts = np.unique(values, return_counts=True)
    values = values.astype(np.float64)  # squares of large ones are no float32
    return {"count": len(values), "mean": float(values.mean()), "std": float(values.std()),
            "deciles": [float(q) for q in np.quantile(values, _QUANTILES)],
            "edges": [float(q) for q in np.quantile(values, _EDGES)],
            "bars": bars(values), "distinct": len(counts),
            "top_share": float(counts.max() / len(values))}


def profile_categories(values: np.ndarray, whose: np.ndarray | None = None) -> dict[str, Any]:
    """Returns how often each category is there, the most frequent first, and how many there are.

    Args:
      values: The categories, `(values,)` objects: bytes of UTF-8.
      whose: The user of each value, `(values,)` whole numbers; a category of few users has a hash
        in the place of its name. `None` where they are of no users.
    """
    texts = [value.decode("utf-8", "replace") for value in values]
    if whose is not None:
        people = Counter(text for text, _ in set(zip(texts, whose.tolist(), strict=True)))
        texts = [text if people[text] >= FEWEST else unnamed(text) for text in texts]
    counts = Counter(texts)
    return {"count": len(values), "distinct": len(counts),
            "top_share": max(counts.values()) / len(values) if len(values) else 0.0,
            "values": dict(counts.most_common(_CATEGORIES))}


def negative_share(values: np.ndarray) -> float:
    """Returns the share of ids that are numbers below zero, also where they are written as text."""
    if not len(values):
        return 0.0
    if values.dtype != object:
        return float((values < 0).mean())
    return sum(value[:1] == b"-" and value[1:].isdigit() for value in values) / len(values)


def absent_share(values: np.ndarray) -> float:
    """Returns the share of ids that are a word for none, such as `null`."""
    if not len(values) or values.dtype != object:
        return 0.0
    texts = (value.decode("utf-8", "replace") for value in values)
    return sum(is_absent(text) or text.lower() == "undefined" for text in texts) / len(values)
