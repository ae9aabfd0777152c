"""How large a picture of a request may be: a few bytes can claim gigabytes of pixels."""

import io
import warnings

from PIL import Image

from schemas.pictures import PICTURE_FORMATS, PICTURE_STARTS

MAX_PIXELS = 16_000_000


def pixels(value: bytes) -> int:
    """Returns how many pixels a value claims to have, by its header alone.

    Args:
      value: Any string of a request.

    Returns:
      Width times height of a JPEG, PNG, GIF or BMP; 0 where it is none.
    """
    if not value.startswith(PICTURE_STARTS):
        return 0
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # Pillow's, of many pixels
            Image.open(io.BytesIO(value), formats=PICTURE_FORMATS) as image,
        ):
            return image.width * image.height
    except Image.DecompressionBombError:
        return MAX_PIXELS + 1
    except Exception:  # Pillow's parsers raise many kinds; what is no picture counts as absent
        return 0
