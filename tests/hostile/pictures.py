"""Hostile pictures."""

import random
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image
from worlds.media import gif, grey, picture


def chunk(kind: bytes, content: bytes, length: int | None = None) -> bytes:
    """A chunk of a PNG, whose length may lie."""
    return (struct.pack(">I", len(content) if length is None else length) + kind + content
            + struct.pack(">I", zlib.crc32(kind + content)))


def png(width: int, height: int, data: bytes, *before: bytes, depth: int = 8, colour: int = 0,
        interlaced: int = 0) -> bytes:
    """A PNG of a header that says so, of chunks before its pixels, and of packed pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + b"".join([
        chunk(b"IHDR", header), *before, chunk(b"IDAT", data), chunk(b"IEND", b"")])


@cache
def zeros(megabytes: int) -> bytes:
    """That many zeros, packed."""
    packer = zlib.compressobj(1)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(megabytes)]) + packer.flush()


def good(kind: str, side: int = 64, mode: str = "RGB", **how) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3)).astype(np.uint8)
    return picture(Image.fromarray(noise).convert(mode), kind, **how)


def progressive(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    whole = picture(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    start = whole.rindex(b"\xff\xda")
    return whole[:start] + whole[start:-2] * scans + b"\xff\xd9"


def jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG whose header promises other dimensions."""
    data = bytearray(good("JPEG"))
    place = data.index(b"\xff\xc0")
    data[place + 5:place + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def exif(entries: bytes) -> bytes:
    """A JPEG with a directory of EXIF that is as given."""
    tiff = b"MM\0*\0\0\0\x08" + entries
    app = b"Exif\0\0" + tiff
    data = good("JPEG")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(app) + 2) + app + data[2:]


def bmp(width: int, height: int, bits: int = 24, packed: int = 0, colours: int = 0) -> bytes:
    """A BMP of a header and a few bytes."""
    return (b"BM" + struct.pack("<IHHI", 100, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packed, 0, 0, 0, colours, 0)
            + b"\xff\x07\0\1" * 16)


def with_gif_screen(width: int, height: int) -> bytes:
    data = bytearray(gif(grey(2, 8)))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def noise(size: int, start: bytes = b"") -> bytes:
    return start + random.Random(1).randbytes(size)


PICTURES = {
    "progressive JPEG of 40 scans": lambda: progressive(512, 40),
    "JPEG of 65500 x 65500": lambda: jpeg_of(65_500, 65_500),
    "JPEG that promises more rows": lambda: jpeg_of(64, 4_000),
    "JPEG, half of it": lambda: good("JPEG")[:-2_000],
    "JPEG of noise": lambda: good("JPEG")[:700] + noise(50_000),
    "JPEG with 60,000 bytes of markers": lambda: good("JPEG")[:2] + b"\xff\xe0\0\2" * 15_000,
    "EXIF of 65535 entries": lambda: exif(b"\xff\xff" + bytes(200)),
    "EXIF of a huge value": lambda: exif(
        b"\0\1" + struct.pack(">HHII", 0x112, 3, 0xFFFFFFFF, 8) + bytes(4)),
    "PNG of 4999 x 4999": lambda: png(4_999, 4_999, zeros(24)),
    "PNG of 60000 x 60000": lambda: png(60_000, 60_000, zeros(1)),
    "PNG whose pixels unpack to 400 MiB": lambda: png(8, 8, zeros(400)),
    "PNG whose text unpacks to 400 MiB": lambda: png(
        8, 8, zeros(1), chunk(b"zTXt", b"x\0\0" + zeros(400))),
    "PNG with 20,000 texts": lambda: png(8, 8, zeros(1), *[chunk(b"tEXt", b"a\0b")] * 20_000),
    "PNG of a chunk of 2 GiB": lambda: good("PNG")[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT",
    "PNG, half of it": lambda: good("PNG")[:3_000],
    "PNG of 16 bits, interlaced, cut": lambda: png(
        300, 300, zeros(1)[:200], depth=16, colour=6, interlaced=1),
    "GIF of 3,000 frames": lambda: gif(grey(3_000, 4)),
    "GIF of a screen of 65535 x 65535": lambda: with_gif_screen(65_535, 65_535),
    "GIF, half of it": lambda: gif(grey(9, 32))[:300],
    "GIF of endless comments": lambda: gif(grey(2, 8))[:13] + b"!\xfe" + b"\x01x" * 100_000,
    "BMP of 2000000000 x 2": lambda: bmp(2_000_000_000, 2),
    "BMP of 4900 x 4900, run lengths": lambda: bmp(4_900, 4_900, 8, 1),
    "BMP of 4 billion colours": lambda: bmp(40, 40, 8, 0, 0xFFFFFFFF),
    "WebP whose length lies": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(100),
    "TIFF that is its own next": lambda: b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
    "SVG of a billion laughs": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(10))
        + b"]><svg>&a9;</svg>"),
    "noise": lambda: noise(100_000),
}
# Each takes seconds of the processor until its limit ends it.
HEAVY_PICTURES = {"progressive JPEG of 4900 x 4900 and 300 scans": lambda: progressive(4_900, 300)}
