"""Video clips of the demo shop: how a spot moves is all there is to see."""

import io
import math

import numpy as np
from PIL import Image

_SIDE = 40
_FRAMES = 12
_MILLISECONDS = 80  # a frame


def clip(motion: str, rng: np.random.Generator) -> bytes:
    """Films a light spot on a dark ground.

    Args:
      motion: A level of the attribute `motion`.
      rng: Source of the place, the size, the shades, the direction and the pace.

    Returns:
      A GIF of 12 frames of 40 x 40 pixels, about a second long.
    """
    ground, light = rng.integers(10, 90), rng.integers(170, 256)
    x, y = _SIDE / 2 + rng.uniform(-6, 6, 2)
    radius, phase = rng.uniform(5, 7), rng.uniform(0, 2 * math.pi)
    pace = rng.uniform(0.8, 1.2) * rng.choice((-1, 1))
    frames = []
    for frame in range(_FRAMES):
        swing = math.sin(2 * math.pi * pace * frame / _FRAMES + phase)
        frames.append(_frame(
            x + 12 * swing * (motion == "sideways"), y + 12 * swing * (motion == "up and down"),
            radius * (1 + 0.7 * swing * (motion == "pulsing")), int(ground), int(light),
        ))
    encoded = io.BytesIO()
    frames[0].save(encoded, "GIF", save_all=True, append_images=frames[1:], loop=0,
                   duration=_MILLISECONDS)
    return encoded.getvalue()


def _frame(x: float, y: float, radius: float, ground: int, light: int) -> Image.Image:
    row, column = np.mgrid[:_SIDE, :_SIDE]
    # A soft rim of a pixel, so that less than a pixel of motion shows, too.
    inside = np.clip(radius + 0.5 - np.hypot(column - x, row - y), 0, 1)
    return Image.fromarray((ground + (light - ground) * inside).astype(np.uint8))
