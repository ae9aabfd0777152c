"""How large a picture is once it is decoded, by its headers alone.

A server asks this of whatever it is sent, so nothing is decoded and no loop is long. Pillow takes
seconds for headers that mean no good, and does not say how large a GIF's later frames are.
"""

import re
import struct
from collections.abc import Callable

MAX_PIXELS = 16_000_000
_MOST_BLOCKS = 1 << 17  # of one picture; a GIF of 16 MiB has half of that, a JPEG some dozen
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff])")  # any number of \xff may be before it
_JPEG_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # markers that no segment follows
_JPEG_ENDS = frozenset((0xD9, 0xDA))  # the end, the pixels
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def pixels(value: bytes) -> int:
    """Returns how many pixels a decoder would make of a value.

    Args:
      value: Any string of a request.

    Returns:
      Width times height of a JPEG, PNG, GIF or BMP, of a GIF of all of its frames together, which
      TensorFlow unpacks to take the first; 0 of what is none, or is cut off before it says.
    """
    for start, count in _KINDS.items():
        if value.startswith(start):
            try:
                return count(value)
            except (IndexError, struct.error):
                return 0
    return 0


def _jpeg(value: bytes) -> int:
    place = 2
    for _ in range(_MOST_BLOCKS):
        marker = _JPEG_MARKER.search(value, place)
        if marker is None or (kind := marker[1][0]) in _JPEG_ENDS:
            return 0
        place = marker.end()
        if kind in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", value, place + 3)
            return width * height
        if kind not in _JPEG_ALONE:
            place += struct.unpack_from(">H", value, place)[0]
    return MAX_PIXELS + 1


def _png(value: bytes) -> int:
    width, height = struct.unpack_from(">II", value, 16)
    return width * height


def _bmp(value: bytes) -> int:
    width, height = struct.unpack_from("<ii", value, 18)
    return abs(width) * abs(height)


def _gif(value: bytes) -> int:
    total, blocks = 0, 0
    try:
        place = 13 + _colours_bytes(value[10])
        while value[place] in b"!,":  # an extension, a frame; whatever else ends the file
            if value[place] == ord(","):
                width, height, flags = struct.unpack_from("<HHB", value, place + 5)
                total += width * height
                place += 11 + _colours_bytes(flags)
            else:
                place += 2
            while value[place]:  # each block has its length before it
                place += value[place] + 1
                blocks += 1
                if blocks > _MOST_BLOCKS:
                    return MAX_PIXELS + 1
            place += 1
    except (IndexError, struct.error):
        pass  # cut off: the frames until here are unpacked all the same
    return total


def _colours_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_KINDS: dict[bytes, Callable[[bytes], int]] = {
    b"\xff\xd8\xff": _jpeg, b"\x89PNG\r\n\x1a\n": _png, b"GIF8": _gif, b"BM": _bmp}
STARTS = tuple(_KINDS)  # of what TensorFlow takes for a picture
