"""The regions of a picture, and what they are worth."""

import base64
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from trainer.modalities.modality import Division

GRID = 8  # regions, across and down
_PIXELS = 512  # no model sees more of a picture


def picture(encoded: bytes) -> Image.Image:
    """Decodes a picture, of at most 512 pixels a side."""
    with Image.open(io.BytesIO(encoded)) as image:
        image.draft("RGB", (_PIXELS, _PIXELS))
        small = image.convert("RGB")
    small.thumbnail((_PIXELS, _PIXELS))
    return small


def png(image: Image.Image) -> bytes:
    """Encodes a picture."""
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=1)
    return target.getvalue()


def data_uri(image: Image.Image) -> str:
    """Returns a picture as a page holds it."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")


def divide(values: list) -> Iterator[Division]:
    """Yields the squares of a grid, each hidden behind the picture's mean colour."""
    image = picture(values[0])
    mean = tuple(int(v) for v in np.asarray(image).mean(axis=(0, 1)))
    across, down = (np.linspace(0, side, GRID + 1).round().astype(int) for side in image.size)
    reference = [png(image)]
    for place in range(GRID * GRID):
        row, column = divmod(place, GRID)
        left, right = across[column : column + 2]
        top, bottom = down[row : row + 2]
        hidden = image.copy()
        if right > left and bottom > top:
            ImageDraw.Draw(hidden).rectangle((left, top, right - 1, bottom - 1), fill=mean)
        yield Division("patch", place, [png(hidden)], reference)


def shares(name: str, values: list, attributions: Mapping[str, np.ndarray],
           options: Any) -> Iterator[tuple[str, Any, float]]:
    """Yields the share of each square of a grid, of those of the pixels `(height, width)`."""
    for place, value in enumerate(regions(attributions[name]).ravel()):
        yield "patch", place, float(value)


def regions(pixels: np.ndarray) -> np.ndarray:
    """Sums pixels `(height, width)` over the squares of a grid, `(8, 8)`."""
    result = np.zeros((GRID, GRID))
    down, right = (np.arange(size) * GRID // size for size in pixels.shape)
    np.add.at(result, (down[:, None], right[None, :]), pixels)
    return result


def show(values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the picture with its tinted squares."""
    squares = [{"x": place % GRID, "y": place // GRID, **tint} for place, tint in tints.items()]
    return {"picture": data_uri(picture(values[0])), "grid": GRID, "squares": squares}
