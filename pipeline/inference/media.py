"""Whether a column's values are pictures, sounds or films, and whether ingest can read them."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from components.decoding import decode
from components.media_fault import MediaFault
from components.sources.files.paths import media_path
from components.sources.files.values import ValueFault
from schemas import MODALITIES, InputError

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
    for modality, files in ((one.name, one.files) for one in MODALITIES.values() if one.files):
        fit = sum(type(value) is type(raw[0]) and files.fits(value) for value in raw)
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
