"""Faults of pictures and sounds."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from benchmarks.faults.fault import (
    fault,
    random,
)
from benchmarks.faults.shop import Shop
from schemas.media import SOUND_RATE, wav


def _media(shop: Shop, kind: str, content: Callable[[int], bytes], share: float = 1.0) -> None:
    side, column = shop.find(kind)
    paths = [path for path in shop.tables[side][column] if path]
    paths = paths[: round(share * len(paths))]
    for place, path in enumerate(paths):
        shop.medium(path, content(place))


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


@fault("all pictures are black", "blank_media", "FAIL", media=True)
def _(shop: Shop) -> None:
    _media(shop, "picture", lambda _: _png(np.zeros((48, 48, 3))))


@fault("a third of the pictures are grey, in the first run", "blank_media", "WARN", alone=True,
       media=True)
def _(shop: Shop) -> None:
    _media(shop, "picture", lambda _: _png(np.full((48, 48, 3), 127)), 0.33)


@fault("sixty near-equal pictures", "near_duplicate_media", "WARN", media=True)
def _(shop: Shop) -> None:
    rng = random()
    base = rng.integers(0, 255, (6, 6, 3)).repeat(8, 0).repeat(8, 1)
    _media(shop, "picture", lambda _: _png(np.clip(base + rng.integers(-3, 4, base.shape), 0, 255)),
           0.16)


@fault("all sounds are silent", "blank_media", "FAIL", media=True)
def _(shop: Shop) -> None:
    _media(shop, "sound", lambda _: wav(bytes(2 * SOUND_RATE)))


@fault("half of the picture files are damaged", "lost_values", "FAIL", media=True)
def _(shop: Shop) -> None:
    _media(shop, "picture", lambda _: b"\x89PNG\r\n\x1a\nnothing", 0.5)
