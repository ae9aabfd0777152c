"""The frames of a video, and what they are worth."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

from schemas.media import VIDEO_BYTES, VIDEO_FRAMES, VIDEO_SIDE, video_strip
from trainer.modalities.image.explain import data_uri
from trainer.modalities.modality import Division


def frames(video: bytes) -> np.ndarray:
    """Returns the pictures of a video in the form of `schemas.media`, `(16, 64, 64, 3)`."""
    with Image.open(io.BytesIO(video)) as strip:
        pixels = np.asarray(strip.convert("RGB"))
    return pixels.reshape(VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3)


def picture(video: bytes) -> Image.Image:
    """Returns the frame in the middle of a video."""
    with Image.open(io.BytesIO(video)) as strip:
        top = VIDEO_FRAMES // 2 * VIDEO_SIDE
        return strip.convert("RGB").crop((0, top, VIDEO_SIDE, top + VIDEO_SIDE))


def divide(values: list) -> Iterator[Division]:
    """Yields the frames, each replaced by the video's mean colour."""
    if len(values[0]) != VIDEO_BYTES:
        return
    pictures = frames(values[0])
    for place in range(VIDEO_FRAMES):
        hidden = pictures.copy()
        hidden[place] = pictures.mean(axis=(0, 1, 2)).astype(np.uint8)
        strip = hidden.reshape(-1, VIDEO_SIDE, 3)[::-1, :, ::-1]
        yield Division("frame", place, [video_strip(strip.tobytes())])


def shares(name: str, values: list, attributions: Mapping[str, np.ndarray],
           options: Any) -> Iterator[tuple[str, Any, float]]:
    """Yields the share of each frame, of those of the frames that the model sees, `(frames,)`."""
    seen = attributions[name]
    places = np.linspace(0, VIDEO_FRAMES - 1, len(seen)).round().astype(int)
    for place, value in enumerate(np.bincount(places, seen, VIDEO_FRAMES)):
        yield "frame", place, float(value)


def show(values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the frames with their tints."""
    pictures = [data_uri(Image.fromarray(frame)) for frame in frames(values[0])]
    return {"frames": [{"picture": pictures[place], **tint} for place, tint in tints.items()]}
