"""Hostile sounds and films."""

import struct

import numpy as np
from worlds.media import encoded, gif, grey, tone, video

from hostile.pictures import noise


def wav(rate: int = 8_000, channels: int = 1, bits: int = 16, kind: int = 1,
        size: int | None = None, data: bytes = bytes(2_000), head: int = 16) -> bytes:
    """A WAV whose header says anything."""
    width = channels * bits // 8 & 0xFFFF
    form = struct.pack("<HHIIHH", kind, channels, rate & 0xFFFFFFFF, rate * width & 0xFFFFFFFF,
                       width, bits)
    chunks = (b"fmt " + struct.pack("<I", head) + form
              + b"data" + struct.pack("<I", len(data) if size is None else size) + data)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def flac(rate: int = 44_100, samples: int | None = None, channels: int = 1) -> bytes:
    """A FLAC, whose header may promise another number of samples."""
    data = bytearray(encoded(tone(0.5, rate, channels=channels), rate, "FLAC"))
    if samples is not None:
        low = int.from_bytes(data[18:26]) >> 36 << 36 | samples
        data[18:26] = low.to_bytes(8)
    return bytes(data)


def ogg() -> bytes:
    return encoded(tone(0.5, 16_000), 16_000, "OGG", "VORBIS")


def box(kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I", len(content) + 8 if size is None else size) + kind + content


def nested(depth: int) -> bytes:
    """Boxes within boxes, each of which says that it goes on to the end."""
    return box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", size=0) * depth


def film(kind: str = "MP4") -> bytes:
    return video(kind, grey(8))


SOUNDS = {
    "WAV of 4 GiB, it says": lambda: wav(size=0xFFFFFFF0),
    "WAV without channels": lambda: wav(channels=0),
    "WAV of 65535 channels": lambda: wav(channels=65_535, bits=8),
    "WAV of 0 Hz": lambda: wav(rate=0),
    "WAV of 4 GHz": lambda: wav(rate=0xFFFFFFFF),
    "WAV of an unknown code": lambda: wav(kind=0x7777),
    "WAV of a long header": lambda: wav(head=0xFFFFFFFE),
    "WAV of no samples": lambda: wav(data=b""),
    "WAV of no numbers": lambda: encoded(
        np.full((800, 1), np.nan), 8_000, subtype="FLOAT"),
    "WAV of chunks without end": lambda: b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 50_000,
    "FLAC of 8 channels at 192 kHz": lambda: encoded(
        np.zeros((192_000 * 20, 8), np.int16), 192_000, "FLAC"),
    "FLAC of 2^36 samples, it says": lambda: flac(samples=2**36 - 1),
    "FLAC of noise": lambda: flac()[:42] + noise(50_000),
    "OGG of noise": lambda: ogg()[:200] + noise(20_000),
    "OGG of one page again and again": lambda: ogg()[:58] * 2_000,
    "MP3 of frames of noise": lambda: b"\xff\xfb\x90\0" + noise(100_000),
    "MP3 whose tag has 256 MiB": lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + noise(1_000),
}
FILMS = {
    "MP4 without its index": lambda: film().replace(b"moov", b"free"),
    "MP4 of 5,000 boxes to the end": lambda: nested(5_000),
    "MP4 of a box of 2^63": lambda: film()[:28] + box(b"mdat", b"\x7f" + b"\xff" * 7, size=1),
    "MP4 of boxes of no length": lambda: box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", size=1),
    "MP4 of noise": lambda: film()[:200] + noise(20_000),
    "WebM whose lengths lie": lambda: film("WebM")[:40] + b"\x01" + b"\xff" * 7 + noise(2_000),
    "GIF of 2,000 frames, as a film": lambda: gif(grey(2_000, 4)),
}
