"""Sounds of the demo shop: a tone's pitch and rhythm are all there is to hear."""

import io
import wave

import numpy as np

_RATE = 16_000  # samples a second
_SECONDS = 0.5
_HERTZ = {"deep": 160.0, "middle": 520.0, "high": 1700.0}
_BEATS = {"steady": 0.0, "slow": 4.0, "fast": 14.0}  # a second


def sound(pitch: str, rhythm: str, rng: np.random.Generator) -> bytes:
    """Plays a tone with an overtone and a little noise.

    Args:
      pitch: A level of the attribute `pitch`.
      rhythm: A level of the attribute `rhythm`.
      rng: Source of the detuning, the loudness, the timbre and the noise.

    Returns:
      A WAV of 0.5 s, mono, 16 kHz, PCM of 16 bits.
    """
    time = np.arange(int(_RATE * _SECONDS)) / _RATE
    phase = 2 * np.pi * _HERTZ[pitch] * rng.uniform(0.9, 1.1) * time + rng.uniform(0, 2 * np.pi)
    tone = np.sin(phase) + rng.uniform(0.1, 0.5) * np.sin(2 * phase)
    if _BEATS[rhythm]:
        beat = _BEATS[rhythm] * rng.uniform(0.9, 1.1) * time + rng.uniform()
        tone = tone * (np.sin(2 * np.pi * beat) > 0)
    samples = rng.uniform(0.3, 0.6) * tone / 1.5 + rng.normal(0, 0.01, len(time))
    encoded = io.BytesIO()
    with wave.open(encoded, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return encoded.getvalue()
