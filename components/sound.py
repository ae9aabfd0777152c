"""Decodes a sound to the one form that later stages read."""

import io
import math
import struct

import numpy as np
import soundfile
from scipy.signal import resample_poly

from schemas.media import SOUND_RATE, SOUND_SECONDS, MediaFault, wav

LONGEST = 600  # seconds
_FORMATS = {"WAV": "WAV", "WAVEX": "WAV", "FLAC": "FLAC", "OGG": "OGG", "MP3": "MP3"}
_RATES = (1_000, 192_000)  # samples a second
_CHANNELS = 8


class _Bytes(io.BytesIO):
    """Bytes as a file; libsndfile may seek to before the start of a damaged one."""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def canonical_sound(data: bytes) -> bytes:
    """Decodes a sound, mixes it to mono and resamples it.

    All of it is decoded, a second at a time, so that a fault anywhere is found; the 30 seconds in
    the middle are kept.

    Args:
      data: WAV (PCM of 8 to 32 bits or floats), FLAC, OGG or MP3, at most 10 minutes.

    Returns:
      A WAV as `schemas.media` describes it.

    Raises:
      MediaFault: The sound is of another format, empty, too long or damaged.
    """
    try:
        with soundfile.SoundFile(_Bytes(data)) as sound:
            kind = _FORMATS.get(sound.format)
            if kind is None:
                raise MediaFault(f"not a WAV, FLAC, OGG or MP3 sound but {sound.format_info}")
            _check_header(kind, sound)
            declared = _declared(kind, data, sound)
            samples = _count(kind, sound)
            if declared is not None and samples < declared:
                raise MediaFault(
                    f"{kind} sound is truncated: {samples} of {declared} samples are there"
                )
            length = SOUND_SECONDS * sound.samplerate
            sound.seek(max(0, (samples - length) // 2))
            mono = sound.read(length, dtype="float32", always_2d=True).mean(axis=1)
            rate = sound.samplerate
    except soundfile.SoundFileError as error:
        words = str(error).rsplit(": ", 1)[-1].rstrip(".")
        raise MediaFault(
            f"not a readable WAV, FLAC, OGG or MP3 sound ({words}; it starts with {data[:8]!r})",
            quotes=True
        ) from error
    if not np.isfinite(mono).all():
        raise MediaFault(f"{kind} sound holds samples that are no finite numbers")
    if rate != SOUND_RATE:
        common = math.gcd(SOUND_RATE, rate)
        mono = resample_poly(mono, SOUND_RATE // common, rate // common)
    return sound_bytes(mono)


def sound_bytes(mono: np.ndarray) -> bytes:
    """Returns samples of -1 to 1 at 16 kHz, `(samples,)`, as a WAV of the 30 s in the middle."""
    length = SOUND_SECONDS * SOUND_RATE
    start = max(0, (len(mono) - length) // 2)
    samples = np.clip(np.round(mono[start:start + length] * 32_768), -32_768, 32_767)
    return wav(samples.astype("<i2").tobytes())


def check_length(kind: str, seconds: float) -> None:
    """Refuses what lasts longer than 10 minutes."""
    if seconds > LONGEST:
        raise MediaFault(f"{kind} lasts {seconds:.0f} s, more than the limit of {LONGEST} s")


def _check_header(kind: str, sound: soundfile.SoundFile) -> None:
    rate, low, high = sound.samplerate, *_RATES
    if sound.frames <= 0 or rate <= 0:
        raise MediaFault(f"{kind} sound is empty ({max(0, sound.frames)} samples at {rate} Hz)")
    if kind != "MP3":  # whose number of samples may be a guess
        check_length(f"{kind} sound", sound.frames / rate)
    if not low <= rate <= high:
        raise MediaFault(f"{kind} sound has {rate} samples a second, allowed are {low} to {high}")
    if sound.channels > _CHANNELS:
        raise MediaFault(f"{kind} sound has {sound.channels} channels, at most {_CHANNELS} fit")


def _declared(kind: str, data: bytes, sound: soundfile.SoundFile) -> int | None:
    """Returns how many samples the header promises, `None` where it promises nothing."""
    if kind == "WAV" and data[:4] == b"RIFF":
        return _declared_wav(data) or sound.frames
    if kind == "MP3" and not any(tag in data[:2**20] for tag in (b"Xing", b"Info")):
        return None
    return int(sound.frames)


def _declared_wav(data: bytes) -> int | None:
    """Reads a WAV's chunks: libsndfile counts the samples that are there, not the promised."""
    place, width = 12, 0
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        if name == b"fmt ":
            width = struct.unpack_from("<H", data, place + 20)[0]  # bytes of all channels
        if name == b"data":
            piped = size == 2**32 - 1  # whoever wrote it did not know the end
            return None if piped or not width else int(size // width)
        place += 8 + size + size % 2
    return None


def _count(kind: str, sound: soundfile.SoundFile) -> int:
    """Decodes all samples, keeps none, and returns their number."""
    samples = 0
    while block := len(sound.read(sound.samplerate, dtype="float32", always_2d=True)):
        samples += block
        check_length(f"{kind} sound", samples / sound.samplerate)
    return samples
