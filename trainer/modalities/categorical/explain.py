"""A row's categories, one by one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.values.text import as_text
from trainer.modalities.modality import Division
from trainer.modalities.terms import shared, terms_of


def divide(values: list) -> Iterator[Division]:
    """Yields a row's values, where there are several."""
    if len(values) > 1:
        for value in dict.fromkeys(values):
            yield Division("value", as_text(value), [one for one in values if one != value])


def shares(name: str, values: list, attributions: Mapping[str, Any],
           options: Any) -> Iterator[tuple[str, Any, float]]:
    """Yields the share of each value, where there are several."""
    if len(values) > 1:
        shown = Counter(map(as_text, values))
        worth = shared(shown, *terms_of(attributions, name),
                       lambda term, word, count: int(term == word))
        yield from (("value", *each) for each in worth.items())
