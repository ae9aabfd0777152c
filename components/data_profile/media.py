"""What media are like, as their modality finds, and how alike many of them are."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from schemas import Feature
from trainer.modalities import Facts, modality_of

_NEAR = 8  # bits of 64 in which the hashes of near-equal pictures differ at most
_ALIKE = 3.0  # of 255, how far small copies of such are apart at most
_COMPARED = 50  # most pictures of a near hash that one is compared with


def facts_of(encoded: bytes, feature: Feature) -> Facts | None:
    """Returns what one value is like, `None` where it cannot be decoded.

    Args:
      encoded: The media, as ingest wrote them.
      feature: Their column.

    Returns:
      What its modality finds, and among the figures its size, `kilobytes`.
    """
    try:
        facts = modality_of(feature).facts(encoded)
    except Exception:  # whatever a decoder raises
        return None
    return replace(facts, figures={**facts.figures, "kilobytes": len(encoded) / 1024})


def profile_media(values: np.ndarray) -> dict[str, Any]:
    """Returns shares of a column's media.

    Args:
      values: The facts of each value, `(values,)`; `None` where there are none.

    Returns:
      `looked` values have facts; `blank` is the share with nothing to see or hear, `alike` the
      share with an equal other one, or for pictures a near-equal; and the median of each figure.
    """
    facts: list[Facts] = [one for one in values if one is not None]
    if not facts:
        return {"looked": 0, "blank": 0.0, "alike": 0.0}
    pictures = [one for one in facts if one.hash is not None]
    return {
        **{name: float(np.median([one.figures[name] for one in facts if name in one.figures]))
           for name in facts[0].figures},
        "looked": len(facts), "blank": float(np.mean([one.blank for one in facts])),
        "alike": _alike(pictures) if pictures else _equal(facts),
    }


def _equal(facts: list[Facts]) -> float:
    counts = Counter(one.digest for one in facts)
    return sum(counts[one.digest] > 1 for one in facts) / len(facts)


def _alike(pictures: list[Facts]) -> float:
    """Returns the share of pictures that another one nearly equals.

    A perceptual hash finds those that may, and small copies decide: drawings of one shape have near
    hashes, whatever their colours.
    """
    if len(pictures) < 2:
        return 0.0
    signs = np.where([one.hash for one in pictures], 1, -1).astype(np.float32)
    small = np.array([one.small for one in pictures])
    differing = (signs.shape[1] - signs @ signs.T) / 2
    np.fill_diagonal(differing, np.inf)
    alike = 0
    for place, row in enumerate(differing):
        near = np.flatnonzero(row <= _NEAR)[:_COMPARED]
        alike += bool((np.abs(small[near] - small[place]).mean(axis=(1, 2, 3)) <= _ALIKE).any())
    return alike / len(pictures)
