import random
import struct

import pytest
from PIL import Image
from worlds.media import picture

from serving.pictures import MAX_PIXELS, pixels

IMAGE = Image.effect_noise((12, 8), 60).convert("RGB")
GIF = b"GIF89a\x01\0\x01\0\0\0\0"
MANY = 1 << 18


def frame(width, height):
    return b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0"


@pytest.mark.parametrize(("value", "count"), [
    (picture(IMAGE, "JPEG"), 96), (picture(IMAGE, "JPEG", progressive=True), 96),
    (picture(IMAGE, "PNG"), 96), (picture(IMAGE.convert("1"), "PNG"), 96),
    (picture(IMAGE, "BMP"), 96), (picture(IMAGE, "GIF"), 96),
    (picture(IMAGE.convert("P"), "GIF", save_all=True,
             append_images=[Image.new("P", (12, 8), 7)]), 192),
    (b"\xff\xd8" + b"\xff" * 9 + picture(IMAGE, "JPEG")[2:], 96),
    (b"", 0), (b"a word", 0), (b"BMW", 0), (b"GIF89a", 0), (b"\xff\xd8\xff", 0),
])
def test_what_a_decoder_makes_is_known_by_the_header(value, count):
    assert pixels(value) == count


@pytest.mark.parametrize("value", [
    # Small on the outside: TensorFlow unpacks all frames to take the first.
    GIF + frame(1, 1) + frame(60_000, 60_000) + b";",
    GIF + frame(4000, 4000) * 2,
    b"BM" + bytes(12) + b"\x28\0\0\0" + struct.pack("<ii", 5000, -5000) + bytes(8),
    # Headers that take long to read.
    GIF + b"!\xfe" + b"\x01a" * MANY, b"\xff\xd8" + b"\xff\xfe\0\2" * MANY,
])
def test_what_would_take_much_memory_or_time_is_too_large(value):
    assert pixels(value) > MAX_PIXELS


def test_no_bytes_raise():
    drawn = random.Random(7)
    starts = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM")
    for place in range(4000):
        assert pixels(starts[place % 4] + drawn.randbytes(drawn.randrange(60))) >= 0
