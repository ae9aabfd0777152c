import math

import numpy as np
import pytest
import tensorflow as tf

from schemas.media import SOUND_RATE, wav
from trainer.modalities.audio.preprocess import (
    HOP,
    cepstrum,
    frame_count,
    log_mel,
    spectrogram,
)

MELS, MFCC = 40, 13


def tone(hertz, seconds=0.5, loudness=0.5):
    return loudness * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SOUND_RATE)) / SOUND_RATE)


def stored(samples):
    return wav(np.round(np.asarray(samples) * 32_767).astype("<i2").tobytes())


def band(hertz):
    """The mel band that a frequency lies in, by the formula of O'Shaughnessy."""
    low, high, mel = (1127 * math.log(1 + f / 700) for f in (40, 7600, hertz))
    return (mel - low) / (high - low) * (MELS + 1) - 1


def analyzed(*encoded, seconds=0.5, mels=MELS, mfcc=MFCC):
    result = spectrogram(tf.constant(encoded), seconds, mels, mfcc)
    return [value.numpy() for value in result]


@pytest.mark.parametrize("hertz", [200, 520, 1_700, 5_000])
def test_a_tone_is_loudest_in_its_band_and_twice_as_loud_is_log_4_more(hertz):
    energy = log_mel(tf.constant(tone(hertz), tf.float32), MELS).numpy()
    assert energy.shape == (frame_count(0.5), MELS)
    assert np.abs(energy.argmax(axis=1) - band(hertz)).max() <= 1
    louder = log_mel(tf.constant(tone(hertz, loudness=1), tf.float32), MELS).numpy()
    np.testing.assert_allclose((louder - energy).max(axis=1), math.log(4), rtol=0.02)


@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_a_short_sound_is_in_the_middle_of_zeros(seconds):
    pictures, _, _ = analyzed(stored(tone(300, seconds)), seconds=3)
    inside = np.flatnonzero(pictures[0].max((1, 2)))
    assert (np.diff(inside) == 1).all()
    assert len(inside) * HOP / SOUND_RATE == pytest.approx(seconds, abs=0.06)
    assert inside.mean() == pytest.approx((frame_count(3) - 1) / 2, abs=1)


def test_the_middle_of_a_long_sound_is_heard():
    parts = [tone(4_000, 1), tone(300, 1), tone(4_000, 1)]
    pictures, _, _ = analyzed(stored(np.concatenate(parts)), seconds=0.8)
    assert (np.abs(pictures[0, :, :, 0].argmax(axis=1) - band(300)) <= 1).all()
    assert (pictures > 0).all()


def test_coefficients_show_the_timbre_over_the_sounds_own_frames():
    """Silence around a sound changes nothing but the frames at its edges."""
    random = np.random.default_rng(0)
    steady = tone(440, 2) + random.normal(0, 0.01, 2 * SOUND_RATE)
    _, (short, long), _ = analyzed(stored(steady), stored(steady), seconds=1)[0:3]
    np.testing.assert_array_equal(short, long)
    _, padded, _ = analyzed(stored(steady), seconds=4)
    np.testing.assert_allclose(padded[0, :MFCC], short[:MFCC], atol=1.5)
    _, other, _ = analyzed(stored(random.normal(0, 0.3, 2 * SOUND_RATE)), seconds=1)
    assert np.abs(other[0, :MFCC] - short[:MFCC]).max() > 5


def test_cepstrum_by_hand():
    energy = np.random.default_rng(0).normal(size=(5, MELS)).astype("float32")
    inside = np.array([True, True, False, True, False])
    result = cepstrum(tf.constant(energy), tf.constant(inside), 3).numpy()
    place = (np.arange(MELS) + 0.5) * math.pi / MELS
    basis = np.stack([np.cos(k * place) for k in range(3)], axis=1) * 2 / math.sqrt(2 * MELS)
    expected = energy[inside] @ basis
    np.testing.assert_allclose(result, [*expected.mean(0), *expected.std(0)], atol=1e-4)


def test_anything_else_is_an_absent_sound_inside_a_graph():
    sound = stored(tone(300))
    analyze = tf.function(lambda encoded: spectrogram(encoded, 0.5, 8, 4),
                          input_signature=[tf.TensorSpec([None], tf.string)])
    assert [v.shape.as_list() for v in analyze.get_concrete_function().outputs] == [
        [None, 24, 8, 1], [None, 8], [None]]
    stereo = sound[:22] + b"\2" + sound[23:]
    others = [b"", b"R", b"\0" * 200, "三国".encode(), b"x" * 5_000, stereo, sound[:44], sound[1:],
              b"fLaC" + sound[4:]]
    pictures, coefficients, present = analyze(tf.constant([sound, *others, sound[:-1]]))
    assert present.numpy().tolist() == [1, *[0] * len(others), 1]
    assert not pictures.numpy()[1:-1].any() and not coefficients.numpy()[1:-1].any()
    assert [len(v) for v in analyze(tf.constant([], tf.string))] == [0, 0, 0]
