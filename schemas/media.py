"""The one form that pictures, sound and video have behind ingest."""

import io
import struct
import warnings
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile

from schemas.errors import InputError

SOUND_RATE = 16_000  # samples a second
SOUND_SECONDS = 30
WAV_HEADER = 44  # bytes
# What is between the two sizes that a WAV's header holds, from byte 8 on.
WAV_FORMAT = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, SOUND_RATE, 2 * SOUND_RATE, 2, 16)

VIDEO_FRAMES, VIDEO_SIDE = 16, 64
_PIXEL_BYTES = VIDEO_FRAMES * VIDEO_SIDE * VIDEO_SIDE * 3
VIDEO_HEADER = struct.pack(
    "<2sIIIIiiHHIIiiII", b"BM", 54 + _PIXEL_BYTES, 0, 54, 40, VIDEO_SIDE,
    VIDEO_FRAMES * VIDEO_SIDE, 1, 24, 0, _PIXEL_BYTES, 0, 0, 0, 0,
)
VIDEO_BYTES = len(VIDEO_HEADER) + _PIXEL_BYTES
PICTURE_FORMATS = ("JPEG", "PNG", "GIF", "BMP")  # what tf.io.decode_image reads
PICTURE_BYTES = 8 * 2**20
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}
_PROFILE_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
_UNSEEN = 4  # of 255: a profile that moves no colour by more is sRGB with a rounding


class MediaFault(Exception):
    """Why a medium cannot be used, as a sentence; the row lives on without it.

    Attributes:
      quotes: Whether the sentence quotes the value: the name of its file, or what it holds. Of
        personal data such a sentence is not shown.
    """

    def __init__(self, reason: str, *, quotes: bool = False):
        super().__init__(reason)
        self.quotes = quotes


def wav(samples: bytes) -> bytes:
    """Returns a sound of samples, little-endian int16, as bytes."""
    size = len(samples)
    return (b"RIFF" + struct.pack("<I", WAV_HEADER - 8 + size) + WAV_FORMAT
            + b"data" + struct.pack("<I", size) + samples)


def video_strip(pixels: bytes) -> bytes:
    """Returns a video of pixels as bytes.

    Args:
      pixels: Blue, green, red of `(16 * 64, 64)` pixels, the lowest row first, as BMP has them.
    """
    return VIDEO_HEADER + pixels


def as_seen(data: bytes) -> bytes:
    """Returns a picture that needs no turning, no transparency and no palette to be read right.

    Args:
      data: JPEG, PNG, GIF (whose first frame counts) or BMP.

    Returns:
      The same bytes where nothing is to be done, as with most; else upright RGB or grey of 8 bits
      in sRGB: of a JPEG a JPEG of quality 95, of the others a PNG, of at most 8 MiB (a larger one
      is halved until it fits).

    Raises:
      InputError: It is no such picture, or damaged.
    """
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # Pillow's, of what it reads all the same
            Image.open(io.BytesIO(data), formats=PICTURE_FORMATS) as image,
        ):
            kind, profile = image.format, image.info.get("icc_profile")
            seen = _srgb(_opaque(_eight_bits(_upright(image, data), data)), profile)
            if seen is image:
                return data
            return written(seen, "PNG" if kind in ("PNG", "GIF", "BMP") else "JPEG")
    except Exception as error:  # Pillow's parsers raise many kinds on damaged bytes
        raise InputError(
            "undecodable-picture",
            f"The picture does not decode: {error}. Expected an undamaged "
            f"{', '.join(PICTURE_FORMATS[:-1])} or {PICTURE_FORMATS[-1]}."
        ) from error


def _upright(image: Image.Image, data: bytes) -> Image.Image:
    if image.format == "PNG" and b"eXIf" in data:
        image.load()  # the chunk may follow the pixels
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        turn = _TURNS.get(exif.get(ExifTags.Base.Orientation, 1))
    except Exception:  # a broken EXIF turns nothing, as in a browser
        turn = None
    return image if turn is None else image.transpose(turn)


def _eight_bits(image: Image.Image, data: bytes) -> Image.Image:
    """Unpacks what one of the two decoders reads as something else."""
    if isinstance(image, ImageFile.ImageFile) and image.format == "BMP":
        arguments: Any = image.tile[0].args
        # TensorFlow takes a palette's indices for colours, and knows no older header.
        plain = arguments[0] == "BGR" and int.from_bytes(data[14:18], "little") >= 40
        return image if plain else _visible(image)
    key: Any = image.info.get("transparency")
    if image.mode == "I;16":  # which Pillow cuts off at 255
        deep = np.asarray(image)
        grey = Image.fromarray((deep >> 8).astype(np.uint8))
        if key is not None:
            grey.putalpha(Image.fromarray(np.where(deep == key, 0, 255).astype(np.uint8)))
        return grey
    if isinstance(key, tuple) and data.startswith(b"\x89PNG") and data[24] == 16:
        image.info["transparency"] = tuple(value >> 8 for value in key)
    return image


def _visible(image: Image.Image) -> Image.Image:
    """Returns the colours of a BMP; many programs leave the fourth byte of a pixel empty."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
        return image.convert("RGB")
    return image.convert(image.mode if image.mode in ("L", "RGBA") else "RGB")


def _opaque(image: Image.Image) -> Image.Image:
    """Lays a picture on a white page, where anything of it is transparent."""
    box = None
    if isinstance(image, ImageFile.ImageFile) and image.format == "GIF" and image.tile:
        box = image.tile[0].extents
    partial = box is not None and box != (0, 0, *image.size)
    if not (partial or "transparency" in image.info or image.mode in ("RGBA", "LA", "PA")):
        return image
    whole = image.convert("RGBA")
    alpha = whole.getchannel("A")
    if partial:  # a frame that leaves a part of its canvas empty
        alpha = Image.new("L", image.size, 0)
        alpha.paste(whole.getchannel("A").crop(box), box)
    if alpha.getextrema() == (255, 255):
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(whole.convert("RGB"), mask=alpha)
    return page


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    mode = image.mode if image.mode == "CMYK" else "L" if image.mode in ("1", "L", "LA") else "RGB"
    transform = _transform(profile, mode) if profile else None
    if transform is not None:
        return ImageCms.applyTransform(image.convert(mode), transform) or image
    return image.convert("RGB") if mode == "CMYK" else image


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Returns what brings colours into sRGB; `None` where the profile is sRGB, unfit or broken."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _PROFILE_MODES.get(source.profile.xcolor_space.strip()) != mode:
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None
    if mode == "CMYK":
        return transform
    steps = np.linspace(0, 255, 6 if mode == "RGB" else 256).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(*[steps] * len(mode)), -1).reshape(1, -1, len(mode))
    given = Image.fromarray(colours if mode == "RGB" else colours[..., 0])
    moved = np.asarray(ImageCms.applyTransform(given, transform)).astype(int)
    return transform if np.abs(moved - colours).max() > _UNSEEN else None


def written(image: Image.Image, kind: str = "JPEG") -> bytes:
    """Encodes a picture, halved until it has at most 8 MiB; `kind` is `"JPEG"` or `"PNG"`."""
    plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
    plain.info = {}  # the profile and the rest have been applied
    how: dict[str, Any] = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    while True:
        target = io.BytesIO()
        plain.save(target, kind, **how)
        if target.tell() <= PICTURE_BYTES:
            return target.getvalue()
        plain = plain.reduce(2)
