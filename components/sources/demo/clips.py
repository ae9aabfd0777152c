"""Video clips of the demo shop: a spot moves in the rhythm that the sound has."""

import io
import math

import numpy as np
from PIL import Image

_SIDE = 40
_FRAMES = 12
_MILLISECONDS = 80  # a frame
_SWINGS = {"steady": 1, "slow": 1, "fast": 4}  # a clip


def clip(rhythm: str, rng: np.random.Generator) -> bytes:
    """Films a light spot on a dark ground.

    Args:
      rhythm: A level of the attribute `rhythm`: a steady spot drifts, the others pulse.
      rng: Source of the place, the size, the shades and the phase.

    Returns:
      A GIF of 12 frames of 40 x 40 pixels, about a second long.
    """
    ground, light = rng.integers(10, 90), rng.integers(170, 256)
    x, y = _SIDE / 2 + rng.uniform(-5, 5, 2)
    radius, phase = rng.uniform(5, 7), rng.uniform(0, 2 * math.pi)
    frames = []
    for frame in range(_FRAMES):
        swing = math.sin(2 * math.pi * _SWINGS[rhythm] * frame / _FRAMES + phase)
        drift, pulse = (10 * swing, 0.0) if rhythm == "steady" else (0.0, 0.6 * swing)
        frames.append(_frame(x + drift, y, radius * (1 + pulse), int(ground), int(light)))
    encoded = io.BytesIO()
    frames[0].save(encoded, "GIF", save_all=True, append_images=frames[1:], loop=0,
                   duration=_MILLISECONDS)
    return encoded.getvalue()


def _frame(x: float, y: float, radius: float, ground: int, light: int) -> Image.Image:
    row, column = np.mgrid[:_SIDE, :_SIDE]
    # A soft rim of a pixel, so that less than a pixel of motion shows, too.
    inside = np.clip(radius + 0.5 - np.hypot(column - x, row - y), 0, 1)
    return Image.fromarray((ground + (light - ground) * inside).astype(np.uint8))
