"""Pictures of the demo shop: a coloured shape is all there is to see."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw

_SIDE = 48
_RGB = {
    "red": (200, 50, 45), "yellow": (225, 190, 50), "green": (60, 150, 70),
    "blue": (50, 90, 190), "violet": (140, 70, 170),
}


def picture(colour: str, shape: str, rng: np.random.Generator) -> bytes:
    """Draws a shape of a colour, not quite in the middle, on a grey ground with grain.

    Args:
      colour: A level of the attribute `colour`.
      shape: A level of the attribute `shape`.
      rng: Source of the place, the size and the grain.

    Returns:
      A PNG of 48 x 48 pixels, RGB.
    """
    image = Image.new("RGB", (_SIDE, _SIDE), (int(rng.integers(150, 240)),) * 3)
    radius = rng.uniform(13, 18)
    x, y = _SIDE / 2 + rng.uniform(-4, 4, 2)
    ink = tuple(int(np.clip(c + rng.normal(0, 12), 0, 255)) for c in _RGB[colour])
    _draw(ImageDraw.Draw(image), shape, x, y, radius, ink)
    grain = rng.normal(0, 6, (_SIDE, _SIDE, 1))
    pixels = np.clip(np.asarray(image, np.float64) + grain, 0, 255).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG")
    return encoded.getvalue()


def _draw(
    draw: ImageDraw.ImageDraw, shape: str, x: float, y: float, radius: float, ink: tuple[int, ...]
) -> None:
    if shape == "circle":
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    elif shape == "square":
        half = 0.85 * radius
        draw.rectangle((x - half, y - half, x + half, y + half), fill=ink)
    elif shape == "triangle":
        corners = [math.pi * (4 * k - 3) / 6 for k in range(3)]
        draw.polygon([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in corners], ink)
    else:
        arm = radius / 3
        draw.rectangle((x - radius, y - arm, x + radius, y + arm), fill=ink)
        draw.rectangle((x - arm, y - radius, x + arm, y + radius), fill=ink)
