"""The one form that sound and video have behind ingest.

Ingest decodes every sound and every video once and writes it in these forms; Transform and the
serving signatures read them inside their graphs, without Python. Nothing is compressed, so that a
row's size says what it costs in memory. (Pictures stay JPEG, PNG, GIF or BMP: `schemas.pictures`.)

- A sound is a WAV: 16 kHz, mono, PCM of 16 bits, a header of 44 bytes, at most 30 seconds.
- A video is a BMP: 16 pictures of 64 x 64 pixels one below the other, 24 bits a pixel.
"""

import struct

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
