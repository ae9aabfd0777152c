"""Media of the demo shop: a shape, a colour, a pitch and a rhythm."""

import io
import math
import wave

import numpy as np
from PIL import Image, ImageDraw

_RATE = 16_000  # samples a second
_SECONDS = 0.5
_HERTZ = {"deep": 160.0, "middle": 520.0, "high": 1700.0}
_BEATS = {"steady": 0.0, "slow": 4.0, "fast": 14.0}  # a second
_SIDE = 48
_RGB = {
    "red": (200, 50, 45), "yellow": (225, 190, 50), "green": (60, 150, 70),
    "blue": (50, 90, 190), "violet": (140, 70, 170),
}
_CLIP_SIDE = 40
_FRAMES = 12
_MILLISECONDS = 80  # a frame
_SWINGS = {"steady": 1, "slow": 1, "fast": 4}  # a clip


def sound(pitch: str, rhythm: str, rng: np.random.Generator) -> bytes:
    """Plays a tone with an overtone and a little noise.

    Args:
      pitch: A level of the attribute `pitch`.
      rhythm: A level of the attribute `rhythm`.
      rng: Source of the detuning, the loudness, the timbre and the noise.

    Returns:
      A WAV of 0.5 s, mono, 16 kHz, PCM of 16 bits.
    """
    time = np.arange(int(_RATE * _SECONDS)) / _RATE
    phase = 2 * np.pi * _HERTZ[pitch] * rng.uniform(0.9, 1.1) * time + rng.uniform(0, 2 * np.pi)
    tone = np.sin(phase) + rng.uniform(0.1, 0.5) * np.sin(2 * phase)
    if _BEATS[rhythm]:
        beat = _BEATS[rhythm] * rng.uniform(0.9, 1.1) * time + rng.uniform()
        tone = tone * (np.sin(2 * np.pi * beat) > 0)
    samples = rng.uniform(0.3, 0.6) * tone / 1.5 + rng.normal(0, 0.01, len(time))
    encoded = io.BytesIO()
    with wave.open(encoded, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return encoded.getvalue()


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


def clip(rhythm: str, rng: np.random.Generator) -> bytes:
    """Films a light spot on a dark ground.

    Args:
      rhythm: A level of the attribute `rhythm`: a steady spot drifts, the others pulse.
      rng: Source of the place, the size, the shades and the phase.

    Returns:
      A GIF of 12 frames of 40 x 40 pixels, about a second long.
    """
    ground, light = rng.integers(10, 90), rng.integers(170, 256)
    x, y = _CLIP_SIDE / 2 + rng.uniform(-5, 5, 2)
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
    row, column = np.mgrid[:_CLIP_SIDE, :_CLIP_SIDE]
    # A soft rim of a pixel, so that less than a pixel of motion shows, too.
    inside = np.clip(radius + 0.5 - np.hypot(column - x, row - y), 0, 1)
    return Image.fromarray((ground + (light - ground) * inside).astype(np.uint8))
