"""What a picture, a film or a sound is like, in a few numbers, and how alike many of them are."""

import hashlib
from collections import Counter
from typing import Any

import imagehash
import numpy as np

from schemas import Feature
from schemas.media import WAV_HEADER
from trainer.modalities import modality_of

_NEAR = 8  # bits of 64 in which the hashes of near-equal pictures differ at most
_SMALL, _ALIKE = 16, 3.0  # pixels a side; of 255, how far small copies of such are apart at most
_COMPARED = 50  # most pictures of a near hash that one is compared with
_FLAT = 2.0  # of 255: pictures of one colour have no more contrast
_SILENT = 1e-3  # of 1: the root mean square of a sound that nobody hears


def facts_of(encoded: bytes, feature: Feature) -> dict[str, Any] | None:
    """Returns what one value is like, `None` where it cannot be decoded.

    Args:
      encoded: The media, as ingest wrote them.
      feature: Their column.

    Returns:
      `bytes`, and `level` and `contrast`, 0 to 1: mean and standard deviation of pixels or of
      samples; and `digest`, which equal ones have in common. Of a picture, and of the middle of a
      film, also `colour`, 0 to 1, how far apart its channels are, `hash`, `(64,)` bool, and
      `small`, a copy `(16, 16, 3)` float32; of a sound its `seconds`.
    """
    modality = modality_of(feature)
    facts: dict[str, Any] = {"bytes": len(encoded)}
    try:
        if modality.pictured:
            picture = modality.picture(encoded).convert("RGB")
            picture.thumbnail((128, 128))
            pixels = np.asarray(picture, np.float32)
            seen = imagehash.phash(picture)
            facts |= {"level": float(pixels.mean()) / 255,
                      "contrast": float(pixels.std(axis=(0, 1)).max()) / 255,
                      "colour": float(np.ptp(pixels, axis=2).mean()) / 255,
                      "hash": seen.hash.ravel(), "digest": str(seen),
                      "small": np.asarray(picture.resize((_SMALL, _SMALL)), np.float32)}
        elif modality.timed:
            samples = np.frombuffer(encoded, "<i2", offset=WAV_HEADER).astype(np.float32) / 32768
            facts |= {"level": float(np.abs(samples).mean()) if len(samples) else 0.0,
                      "contrast": float(samples.std()) if len(samples) else 0.0,
                      "digest": hashlib.blake2b(samples.tobytes()).hexdigest(),
                      "seconds": modality.seconds(encoded)}
    except Exception:  # whatever a decoder raises
        return None
    return facts


def profile_media(values: np.ndarray) -> dict[str, Any]:
    """Returns shares of a column's media.

    Args:
      values: The facts of each value, `(values,)`; `None` where there are none.

    Returns:
      `looked` values have facts; `level`, `contrast`, `colour` and `kilobytes` are medians; `blank`
      is the share without contrast, `alike` the share with a near-equal other one, or for sounds
      an equal one.
    """
    facts = [one for one in values if one is not None and "contrast" in one]
    if not facts:
        return {"looked": 0, "blank": 0.0, "alike": 0.0}
    pictures = [one for one in facts if "hash" in one]
    limit = _FLAT / 255 if pictures else _SILENT
    blank = np.array([one["contrast"] <= limit for one in facts])
    profile = {
        "looked": len(facts), "blank": float(blank.mean()),
        "alike": _alike(pictures) if pictures else _equal(facts),
        **{key: float(np.median([one[key] for one in facts]))
           for key in ("level", "contrast", "colour") if key in facts[0]},
        "kilobytes": float(np.median([one["bytes"] for one in facts])) / 1024,
    }
    if "seconds" in facts[0]:
        profile["seconds"] = float(np.median([one["seconds"] for one in facts]))
    return profile


def _equal(facts: list[dict[str, Any]]) -> float:
    counts = Counter(one["digest"] for one in facts)
    return sum(counts[one["digest"]] > 1 for one in facts) / len(facts)


def _alike(pictures: list[dict[str, Any]]) -> float:
    """Returns the share of pictures that another one nearly equals.

    A perceptual hash finds those that may, and small copies decide: drawings of one shape have near
    hashes, whatever their colours.
    """
    if len(pictures) < 2:
        return 0.0
    signs = np.where([one["hash"] for one in pictures], 1, -1).astype(np.float32)
    small = np.array([one["small"] for one in pictures])
    differing = (signs.shape[1] - signs @ signs.T) / 2
    np.fill_diagonal(differing, np.inf)
    alike = 0
    for place, row in enumerate(differing):
        near = np.flatnonzero(row <= _NEAR)[:_COMPARED]
        alike += bool((np.abs(small[near] - small[place]).mean(axis=(1, 2, 3)) <= _ALIKE).any())
    return alike / len(pictures)
