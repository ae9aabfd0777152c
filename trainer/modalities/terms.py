"""What the terms that a model embeds are worth to the words that a reader sees."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

UNKNOWN = "?"  # the one of all unknown terms; no word, for punctuation is none


def terms_key(column: str) -> str:
    """Returns the output that names what a column's attributions are of."""
    return f"{column}__terms"


def terms_of(attributions: Mapping[str, np.ndarray], name: str) -> tuple[list[str], np.ndarray]:
    """Returns a column's terms, '' for none, and what each is worth."""
    terms = [term.decode("utf-8", "replace") for term in attributions[terms_key(name)]]
    return terms, attributions[name]


def shared(shown: Counter[str], terms: list[str], values: np.ndarray,
           part: Callable[[str, str, int], int]) -> dict[str, float]:
    """Divides what terms are worth among the words that they are made of.

    All unknown words are one term, shared by those that are none; where a text has more terms than
    the model reads, nobody knows which these are, and it stays undivided.

    Args:
      shown: Words of the text, and how often each is there.
      terms: The terms that the model read, '' for none.
      values: What each is worth.
      part: Which part of a term (first) a word (second) gets that is there so often (third).

    Returns:
      By word; of words that the model did not read there is none.
    """
    worth: dict[str, float] = {}
    for term, value in zip(terms, values, strict=True):
        if not term:
            continue
        there = {word: part(term, word, count) for word, count in shown.items()}
        if term == UNKNOWN and not any(there.values()) and "" in terms:
            there = {word: count for word, count in shown.items() if word not in terms}
        for word, weight in there.items():
            if weight:
                worth[word] = worth.get(word, 0.0) + float(value) * weight / sum(there.values())
    return worth
