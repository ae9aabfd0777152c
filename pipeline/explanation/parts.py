"""The parts of a row's content, and the content without each of them (occlusion, Zeiler 2014).

Occlusion asks the exported model itself, so that it holds for every tower, trained or frozen.
"""

import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from schemas import Feature
from schemas.media import (
    SOUND_RATE,
    VIDEO_BYTES,
    VIDEO_FRAMES,
    VIDEO_SIDE,
    WAV_FORMAT,
    WAV_HEADER,
    video_strip,
    wav,
)

GRID = 8  # regions of a picture, across and down
WINDOWS = 16  # of a sound
_PIXELS = 512  # no model sees more of a picture
_WORDS = 200


@dataclass(frozen=True)
class Part:
    """One part of a column.

    Attributes:
      feature: The column.
      kind: `whole`, `value`, `word`, `patch` (of a picture), `window` (of a sound) or `frame` (of
        a video).
      place: Which one: a value, a word in lower case, or a number; `None` of the whole.
      without: The column's values without it.
      reference: The column's values to compare with, where they are not the row's own.
    """

    feature: Feature
    kind: str
    place: Any
    without: list
    reference: list | None = None


def parts(feature: Feature, values: list) -> Iterator[Part]:
    """Yields the parts of a column that a row has; of an absent one there are none.

    Args:
      feature: The column.
      values: The row's values.
    """
    if not values or values == [b""]:
        return
    yield Part(feature, "whole", None, [])
    divide = _DIVISIONS.get(str(feature.modality))
    if divide:
        yield from divide(feature, values)


def words(text: str) -> Iterator[tuple[str, bool]]:
    """Splits a text as the model does, with what lies between; `(piece, whether it is a word)`."""
    piece, kind = "", ""
    for letter in text:
        now = _kind(letter)
        if piece and (now != kind or kind == "character"):
            yield piece, kind != "between"
            piece = ""
        piece, kind = piece + letter, now
    if piece:
        yield piece, kind != "between"


def _kind(letter: str) -> str:
    if unicodedata.category(letter)[0] not in "LMN":
        return "between"
    name = unicodedata.name(letter, "")
    unspaced = name.startswith(("CJK ", "HIRAGANA ", "KATAKANA "))
    return "character" if unspaced else "word"


def _values(feature: Feature, values: list) -> Iterator[Part]:
    if len(values) > 1:
        for value in dict.fromkeys(values):
            shown = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            yield Part(feature, "value", shown, [v for v in values if v != value])


def _words(feature: Feature, values: list) -> Iterator[Part]:
    pieces = list(words(values[0].decode("utf-8", "replace")))
    distinct = dict.fromkeys(piece.lower() for piece, is_word in pieces if is_word)
    for word in list(distinct)[:_WORDS]:
        left = "".join(" " if piece.lower() == word else piece for piece, _ in pieces)
        yield Part(feature, "word", word, [left.encode()])


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


def _regions(feature: Feature, values: list) -> Iterator[Part]:
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
        yield Part(feature, "patch", place, [png(hidden)], reference)


def _windows(feature: Feature, values: list) -> Iterator[Part]:
    if values[0][8 : 8 + len(WAV_FORMAT)] != WAV_FORMAT:
        return
    samples = np.frombuffer(values[0][WAV_HEADER:], "<i2")
    edges = np.linspace(0, len(samples), WINDOWS + 1).round().astype(int)
    for place, (start, end) in enumerate(pairwise(edges)):
        silent = samples.copy()
        silent[start:end] = 0
        yield Part(feature, "window", place, [wav(silent.tobytes())])


def seconds(sound: bytes) -> float:
    """Returns the length of a sound in the form of `schemas.media`."""
    return (len(sound) - WAV_HEADER) / (2 * SOUND_RATE)


def frames(video: bytes) -> np.ndarray:
    """Returns the pictures of a video in the form of `schemas.media`, `(16, 64, 64, 3)`."""
    with Image.open(io.BytesIO(video)) as strip:
        pixels = np.asarray(strip.convert("RGB"))
    return pixels.reshape(VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3)


def _frames(feature: Feature, values: list) -> Iterator[Part]:
    if len(values[0]) != VIDEO_BYTES:
        return
    pictures = frames(values[0])
    for place in range(VIDEO_FRAMES):
        hidden = pictures.copy()
        hidden[place] = pictures.mean(axis=(0, 1, 2)).astype(np.uint8)
        strip = hidden.reshape(-1, VIDEO_SIDE, 3)[::-1, :, ::-1]
        yield Part(feature, "frame", place, [video_strip(strip.tobytes())])


_DIVISIONS: dict[str, Callable[[Feature, list], Iterator[Part]]] = {
    "categorical": _values, "text": _words, "image": _regions, "audio": _windows,
    "video": _frames,
}
