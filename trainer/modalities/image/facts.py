"""What a picture is like, in a few numbers."""

from typing import Any

import imagehash
import numpy as np

from trainer.modalities.image.explain import picture
from trainer.modalities.modality import Facts

_LOOKED_AT, _SMALL = 128, 16  # pixels a side
_FLAT = 2.0  # of 255: pictures of one colour have no more contrast


def facts(encoded: bytes) -> Facts:
    """Returns what an encoded picture is like, see `facts_of_picture`."""
    return facts_of_picture(picture(encoded))


def facts_of_picture(image: Any) -> Facts:
    """Returns what a picture of Pillow is like.

    Its figures are, 0 to 1, the `level` and the `contrast` of its pixels, their mean and standard
    deviation, and the `colour`, how far apart its channels are. It is blank where it has no
    contrast. Its hash is a perceptual one, and its small copy is `(16, 16, 3)`.
    """
    seen = image.convert("RGB")
    seen.thumbnail((_LOOKED_AT, _LOOKED_AT))
    pixels = np.asarray(seen, np.float32)
    contrast = float(pixels.std(axis=(0, 1)).max()) / 255
    hashed = imagehash.phash(seen)
    return Facts(
        str(hashed), {"level": float(pixels.mean()) / 255, "contrast": contrast,
                      "colour": float(np.ptp(pixels, axis=2).mean()) / 255},
        contrast <= _FLAT / 255, hashed.hash.ravel(),
        np.asarray(seen.resize((_SMALL, _SMALL)), np.float32))
