"""Reads a picture, a sound or a video, and refuses what later stages could not decode."""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from components.sound import canonical_sound
from components.video import canonical_video, sound_track
from schemas.errors import InputError
from schemas.media import PICTURE_BYTES, PICTURE_FORMATS, MediaFault, as_seen, written

__all__ = ["MEDIA", "MediaFault", "Medium", "check_file", "read_sound_track"]

_MIB = 2**20
_MAX_PIXELS = 25_000_000
_TRIED_PIXELS = 8_000_000  # 24 MB of colours; a larger picture is written afresh
_SCAN = b"\xff\xda"
_SCANS = 20  # of a JPEG; programs write a dozen at most, and each takes its time to decode
_SHOWN = 60  # characters of a file's name that a fault quotes
_ELSE = {  # what people have beside them, by how it starts
    "WebP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "HEIC": re.compile(rb"....ftyp(hei|hev|mif1|msf1)", re.DOTALL),
    "AVIF": re.compile(rb"....ftypavi", re.DOTALL),
    "JPEG 2000": re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    "JPEG XL": re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "),
    "Photoshop": re.compile(rb"8BPS"),
    "SVG": re.compile(rb"\s*(<\?xml.{0,500})?<svg", re.DOTALL),
}


def read_sound_track(value: bytes | Path) -> bytes | None:
    """Reads the sound track of a video as a sound; `None` where it has none or is damaged."""
    try:
        return sound_track(check_file(value, "video"))
    except MediaFault:  # whose reason is with the video itself
        return None


def check_file(value: bytes | Path, modality: str) -> bytes:
    """Returns encoded media as bytes, where they are a file of a size that may be decoded.

    Raises:
      MediaFault: The file is missing, no file, empty or too large.
    """
    data = _file(value, modality) if isinstance(value, Path) else value
    _check_size(len(data), modality)
    return data


def _file(path: Path, modality: str) -> bytes:
    try:
        if not path.exists():
            raise MediaFault(f"{modality} file {path.name} is missing", quotes=True)
        if not path.is_file():
            raise MediaFault(f"{modality} file {path.name} is no file but a folder or a device",
                             quotes=True)
        _check_size(path.stat().st_size, modality)
        return path.read_bytes()
    except OSError as error:
        raise MediaFault(
            f"{modality} file {path.name[:_SHOWN]} cannot be read ({error.strerror})", quotes=True
        ) from error


def _check_size(size: int, modality: str) -> None:
    limit = MEDIA[modality].most
    if size == 0:
        raise MediaFault(f"{modality} is empty (0 bytes)")
    if size > limit:
        raise MediaFault(
            f"{modality} has {size / _MIB:.1f} MiB, more than the limit of {limit // _MIB} MiB"
        )


def _picture(data: bytes) -> bytes:
    kind, pixels = _image_header(data)
    if pixels > _MAX_PIXELS:
        raise MediaFault(
            f"image has {pixels / 1e6:.1f} megapixels, more than the limit of "
            f"{_MAX_PIXELS // 1_000_000} megapixels"
        )
    try:
        seen = as_seen(data)
        with Image.open(io.BytesIO(seen), formats=PICTURE_FORMATS) as image:
            image.load()
            # A fresh encoding decodes everywhere, so that nobody need try one that takes memory,
            # and every later step would decode all scans again.
            many = kind == "JPEG" and seen.count(_SCAN) > _SCANS
            return written(image) if many or pixels > _TRIED_PIXELS else seen
    except (InputError, OSError, ValueError, SyntaxError) as error:
        raise _undecodable(kind) from error


def _try_picture(seen: bytes) -> None:
    """Decodes a picture as the graphs of Transform and of a server do."""
    kind, pixels = _image_header(seen)
    if pixels > _TRIED_PIXELS:
        return
    import tensorflow as tf  # seconds to load, and only ingest decodes

    try:
        tf.io.decode_image(seen, channels=3, expand_animations=False)
    except tf.errors.OpError as error:
        raise _undecodable(kind) from error


def _undecodable(kind: str) -> MediaFault:
    return MediaFault(
        f"{kind} image does not decode: it is truncated, damaged or of an unsupported kind")


def _image_header(data: bytes) -> tuple[str, int]:
    """Returns the format and the number of pixels, the frames of a GIF together."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of images that it deems a bomb; our own limit is far lower.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=PICTURE_FORMATS) as image:
                # TensorFlow unpacks every frame of a GIF, even to return the first.
                frames = getattr(image, "n_frames", 1) if image.format == "GIF" else 1
                # A JPEG of several pictures, as telephones take them, is read as its first.
                kind = "JPEG" if image.format == "MPO" else image.format or ""
                return kind, image.width * image.height * frames
    except Image.DecompressionBombError as error:
        raise MediaFault(
            f"image is far over the limit of {_MAX_PIXELS // 1_000_000} megapixels: {error}"
        ) from error
    except Exception as error:  # Pillow's parsers raise many kinds on hostile headers
        formats = f"{', '.join(PICTURE_FORMATS[:-1])} or {PICTURE_FORMATS[-1]}"
        known = next((name for name, start in _ELSE.items() if start.match(data)), None)
        advice = f"; it is a {known} file, so convert it to one of these" if known else ""
        raise MediaFault(
            f"not a readable {formats} image (it starts with {data[:8]!r}){advice}", quotes=True
        ) from error


@dataclass(frozen=True)
class Medium:
    """How ingest reads a modality of encoded files.

    Attributes:
      most: Bytes of the largest file.
      decode: Returns the form that later stages read; raises `MediaFault`.
      seconds: Most processor time that one may take, where limits hold.
      verify: Tries that form, where graphs decode it once more; raises `MediaFault`.
    """

    most: int
    decode: Callable[[bytes], bytes]
    seconds: float = 4.0
    verify: Callable[[bytes], None] | None = None


# By modality; an extension adds its own. Not an attribute of the modality: schemas know no decoder,
# and the trainer's modalities would make the cache key of ingest that of the trainer's code.
MEDIA: dict[str, Medium] = {
    "image": Medium(PICTURE_BYTES, _picture, verify=_try_picture),
    "audio": Medium(64 * _MIB, canonical_sound),
    "video": Medium(128 * _MIB, canonical_video, seconds=20.0),
}
