"""Whether a column's values are pictures, sounds or films, and whether ingest can read them."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from components.decoding import decode
from components.media_fault import MediaFault
from components.sources.files.paths import media_path
from components.sources.files.values import ValueFault
from schemas import InputError


class _Files(NamedTuple):
    """How files of a modality are known.

    Attributes:
      suffixes: What their names are like.
      magic: How their bytes begin.
      moving: The modality that they are of where they have several frames.
    """

    suffixes: re.Pattern[str]
    magic: re.Pattern[bytes]
    moving: str | None = None


_FILES = {
    "image": _Files(
        re.compile(r".+\.(png|jpe?g|gif|bmp|webp|tiff?|hei[cf]|avif)", re.IGNORECASE | re.DOTALL),
        re.compile(
            rb"\x89PNG|\xff\xd8\xff|GIF8|BM|RIFF....WEBP|II\*\0|MM\0\*"
            rb"|....ftyp(hei|hev|mif1|msf1|avi)", re.DOTALL),
        moving="video"),
    "audio": _Files(
        re.compile(r".+\.(wav|flac|ogg|mp3|m4a|aac)", re.IGNORECASE | re.DOTALL),
        re.compile(rb"RIFF....WAVE|fLaC|OggS|ID3|\xff[\xfb\xf3\xf2]", re.DOTALL)),
    "video": _Files(
        re.compile(r".+\.(mp4|mov|avi|mkv|webm|mpe?g)", re.IGNORECASE | re.DOTALL),
        re.compile(rb"....ftyp|RIFF....AVI |\x1a\x45\xdf\xa3|\x00\x00\x01\xba", re.DOTALL)),
}
_MOSTLY = 0.8
_TRIED = 5


def media(raw: list[Any], folder: Path) -> tuple[str | None, str | None]:
    """Tells what media a column holds.

    Args:
      raw: Values that are there: encoded bytes, or paths from the media folder.
      folder: The media folder.

    Returns:
      `"image"`, `"audio"`, `"video"` or `None`, and why ingest cannot read any of the first five,
      or `None`.
    """
    binary = bool(raw) and isinstance(raw[0], bytes)
    for modality, files in _FILES.items():
        match: Callable[[Any], Any] = files.magic.match if binary else files.suffixes.fullmatch
        fit = sum(isinstance(v, bytes if binary else str) and bool(match(v)) for v in raw)
        if raw and fit >= _MOSTLY * len(raw):
            if files.moving and _moves(raw[:_TRIED], folder):
                modality = files.moving
            return modality, _fault(raw[:_TRIED], modality, folder.resolve())
    return None, None


def _moves(values: list[Any], folder: Path) -> bool:
    """Tells whether the first values are films in the form of pictures: GIFs of several frames."""
    frames = []
    for value in values:
        try:
            with Image.open(io.BytesIO(value) if isinstance(value, bytes)
                            else folder / str(value)) as picture:
                frames.append(getattr(picture, "n_frames", 1))
        except (OSError, ValueError, SyntaxError):
            continue  # what cannot be read is reported elsewhere
    return bool(frames) and min(frames) > 1


def _fault(values: list[Any], modality: str, folder: Path) -> str | None:
    fault = None
    for value in values:
        try:
            if isinstance(value, str) and "://" in value:
                raise MediaFault("the values are addresses; ingest reads files, so fetch them")
            decode(value if isinstance(value, bytes) else media_path(folder, value), modality)
            return None
        except (MediaFault, ValueFault) as reason:
            where = f" (media_dir is {folder.name!r})" if isinstance(value, str) else ""
            fault = fault or f"{reason}{where}"
        except InputError:
            return f"ingest does not read {modality} yet"
    return fault
