import os
import struct
from pathlib import Path

import numpy as np
import pytest
from worlds.media import decoded, encoded, pitch, tone

from components.decoding import decode
from components.media import MediaFault
from components.sound import canonical_sound
from schemas.media import SOUND_RATE, SOUND_SECONDS

FORMATS = [
    ("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"),
    ("WAVEX", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 2)])
def test_every_format_rate_and_number_of_channels(kind, subtype, rate, channels, tmp_path):
    data = encoded(tone(0.5, rate, channels=channels), rate, kind, subtype)
    samples = decoded(decode(data, "audio"))
    assert len(samples) == pytest.approx(SOUND_RATE / 2, abs=SOUND_RATE * 0.03)
    assert pitch(samples) == pytest.approx(440, abs=5)
    # Mixed, not cut: half of the tone's amplitude with a silent channel beside it.
    middle = samples[2000:6000]
    assert np.abs(middle).max() == pytest.approx(0.5 / channels, rel=0.1)
    (tmp_path / "a file").write_bytes(data)
    assert decode(tmp_path / "a file", "audio") == canonical_sound(data)


def test_44_1_kilohertz_keep_their_length_and_pitch_and_lose_what_16_cannot_hold():
    low, high = (decoded(canonical_sound(encoded(tone(1, 44_100, hertz), 44_100)))
                 for hertz in (3_000, 15_000))
    assert len(low) == SOUND_RATE
    assert pitch(low) == pytest.approx(3_000, abs=2)
    assert np.abs(high[500:-500]).max() < 0.01


def test_a_canonical_sound_stays_as_it_is():
    noise = np.random.default_rng(0).uniform(-1, 1, 4_000)
    data = canonical_sound(encoded(noise, SOUND_RATE))
    assert canonical_sound(data) == data
    np.testing.assert_allclose(decoded(data), noise, atol=1 / 32_768)


@pytest.mark.parametrize("kind", ["WAV", "MP3"])
def test_the_middle_of_a_long_sound_is_kept(kind):
    rate = 8_000
    long = np.concatenate([tone(20, rate, 300), tone(SOUND_SECONDS, rate, 1_000),
                           tone(20, rate, 300)])
    subtype = {"MP3": "MPEG_LAYER_III"}.get(kind, "PCM_16")
    samples = decoded(canonical_sound(encoded(long, rate, kind, subtype)))
    assert len(samples) == SOUND_SECONDS * SOUND_RATE
    edge = SOUND_RATE // 2
    for part in (samples[edge:3 * edge], samples[-3 * edge:-edge]):
        assert pitch(part) == pytest.approx(1_000, abs=5)


def test_a_loud_sound_is_clipped_not_wrapped():
    samples = decoded(canonical_sound(encoded(4 * tone(0.1, 16_000), 16_000, subtype="FLOAT")))
    assert samples.max() == pytest.approx(1, abs=1e-3) and samples.min() == -1
    assert (samples[1:10] > 0).all()


def test_a_wav_from_a_pipe_has_no_known_length():
    data = bytearray(encoded(tone(0.1, 16_000), 16_000))
    struct.pack_into("<I", data, 40, 2**32 - 1)
    assert len(decoded(canonical_sound(bytes(data)))) == 1_600


def _truncated(kind: str, subtype: str = "PCM_16") -> bytes:
    data = encoded(tone(2, 16_000), 16_000, kind, subtype)
    return data[: len(data) // 2]


BROKEN = {
    "empty": (b"", r"audio is empty \(0 bytes\)"),
    "text": (b"just words, whatever the file is called",
             r"not a readable WAV, FLAC, OGG or MP3 sound \(.*it starts with b'just wor'"),
    "no samples": (encoded(tone(0, 16_000), 16_000),
                   r"WAV sound is empty \(0 samples at 16000 Hz\)"),
    "cut WAV": (_truncated("WAV"), r"WAV sound is truncated: 159\d\d of 32000 samples"),
    "cut OGG": (_truncated("OGG", "VORBIS"), "OGG sound is empty|file is malformed"),
    "cut MP3": (_truncated("MP3", "MPEG_LAYER_III"), r"MP3 sound is truncated: \d+ of 32000"),
    "11 minutes": (encoded(np.zeros(660 * 1_000, "int16"), 1_000, subtype="PCM_U8"),
                   "WAV sound lasts 660 s, more than the limit of 600 s"),
    "odd rate": (encoded(np.zeros(50), 10), "WAV sound has 10 samples a second, allowed are 1000"),
    "many channels": (encoded(np.zeros((50, 9)), 16_000), "has 9 channels, at most 8 fit"),
    "another format": (encoded(tone(0.1, 16_000), 16_000, "AIFF"),
                       r"not a WAV, FLAC, OGG or MP3 sound but AIFF"),
    "no numbers": (encoded(np.full(50, np.nan), 16_000, subtype="FLOAT"),
                   "WAV sound holds samples that are no finite numbers"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_sounds_are_refused_in_words(name, tmp_path):
    data, reason = BROKEN[name]
    (tmp_path / "sound.wav").write_bytes(data)
    for given in (data, tmp_path / "sound.wav"):
        with pytest.raises(MediaFault, match=reason):
            decode(given, "audio")


def test_real_music_passes():
    root = os.environ.get("TESSERA_DATA", Path(__file__).parents[3] / "shared" / "data")
    folder = Path(root) / "emotify" / "audio_wav16k_5s"
    if not folder.is_dir():
        pytest.skip("Emotify is absent: set TESSERA_DATA to the folder that holds it.")
    some = sorted(folder.glob("*.wav"))[::40]
    assert len(some) > 5
    for path in some:
        assert 4 < len(decoded(decode(path, "audio"))) / SOUND_RATE < 6
