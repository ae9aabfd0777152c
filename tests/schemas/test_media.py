import io
import wave

import numpy as np
from PIL import Image

from schemas.media import (
    SOUND_RATE,
    VIDEO_BYTES,
    VIDEO_FRAMES,
    VIDEO_SIDE,
    WAV_HEADER,
    video_strip,
    wav,
)


def test_a_sound_is_a_wav_of_16_bits():
    samples = np.array([0, 1, -1, 32_767, -32_768], "<i2").tobytes()
    data = wav(samples)
    assert len(data) == WAV_HEADER + len(samples)
    with wave.open(io.BytesIO(data)) as sound:
        assert sound.getparams()[:4] == (1, 2, SOUND_RATE, 5)
        assert sound.readframes(5) == samples


def test_a_video_is_a_bmp_of_frames_one_below_the_other():
    height = VIDEO_FRAMES * VIDEO_SIDE
    pixels = np.random.default_rng(0).integers(0, 256, (height, VIDEO_SIDE, 3), np.uint8)
    data = video_strip(pixels[::-1, :, ::-1].tobytes())
    assert len(data) == VIDEO_BYTES
    with Image.open(io.BytesIO(data), formats=["BMP"]) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
