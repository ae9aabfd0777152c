"""Content varied in training: what changes, what must not, and that use changes nothing."""

import keras
import numpy as np
import pytest
from keras import ops

from trainer.layers.augmentation import (
    PictureAugmentation,
    SpectrogramAugmentation,
    TermNoise,
    WordNoise,
    _resampled,
)

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (64, 8, 12, 3)).astype("uint8")
SOUNDS = RNG.integers(1, 256, (64, 40, 12, 1)).astype("uint8")
SOUNDS[:, :5] = SOUNDS[:, 30:] = 0  # beyond the sound


WORDS = np.tile(np.arange(1, 11, dtype="int32"), (500, 1))
TEXTS = np.array([[1, 2, 3, 4, 0, 0], [0] * 6, [9, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]], "int32")


def _values(outputs):
    return [np.asarray(value) for value in keras.tree.flatten(outputs)]


@pytest.mark.parametrize(("make", "content"), [
    (lambda **how: PictureAugmentation(0.8, **how), PICTURES),
    (lambda **how: SpectrogramAugmentation(0.8, **how), SOUNDS),
    (lambda **how: WordNoise(0.3, 0.3, **how), WORDS),
    (lambda **how: TermNoise(0.3, **how), (WORDS, WORDS * 1.0)),
], ids=["picture", "sound", "words", "terms"])
def test_use_changes_nothing_and_the_seed_decides(make, content):
    layer, given = make(seed=3), _values(content)
    for how in ({}, {"training": False}):
        for one, other in zip(_values(layer(content, **how)), given, strict=True):
            np.testing.assert_array_equal(one, other)
    varied = _values(layer(content, training=True))
    assert [one.shape for one in varied] == [one.shape for one in given]
    rows = len(given[0])
    assert (varied[0] != given[0]).reshape(rows, -1).any(axis=1).mean() > 0.9
    assert (_values(layer(content, training=True))[0] != varied[0]).any(), "each call draws anew"
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    for one, other in zip(_values(again(content, training=True)), varied, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
    unseeded = []
    for _ in range(2):
        keras.utils.set_random_seed(8)  # where the layer has no seed of its own
        unseeded.append(_values(make()(content, training=True))[0])
    np.testing.assert_array_equal(*unseeded)


def test_a_line_is_cut_stretched_and_mirrored_by_hand():
    start, length = ops.convert_to_tensor([0.0, 0.5, 0.0]), ops.convert_to_tensor([1.0, 0.5, 1.0])
    mirrored = ops.convert_to_tensor([False, False, True])
    weights = np.asarray(_resampled(4, start, length, mirrored))
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-5)
    whole, half, turned = weights @ np.array([0.0, 10, 20, 30])
    np.testing.assert_allclose(whole, [0, 10, 20, 30], atol=1e-4)
    np.testing.assert_allclose(half, [17.5, 22.5, 27.5, 30], atol=1e-4)
    np.testing.assert_allclose(turned, [30, 20, 10, 0], atol=1e-4)


def test_brightness_changes_within_its_range_and_flat_pictures_stay_flat():
    grey = np.full((200, 8, 8, 3), 100, "uint8")
    varied = np.asarray(PictureAugmentation(0.5, seed=1)(grey, training=True))
    assert np.ptp(varied, axis=(1, 2, 3)).max() < 1e-2
    assert 75 <= varied.min() < 80 and 120 < varied.max() <= 125


def test_a_share_of_pictures_is_mirrored():
    ramp = np.broadcast_to(np.arange(0, 96, 8)[None, None, :, None], (400, 8, 12, 3))
    for strength, expected in ((1.0, 0.5), (0.4, 0.2)):
        varied = np.asarray(PictureAugmentation(strength, seed=2)(ramp, training=True))
        turned = varied[:, 0, 0, 0] > varied[:, 0, -1, 0]
        assert turned.mean() == pytest.approx(expected, abs=0.06)


def test_frames_of_a_video_are_varied_alike():
    frames = np.repeat(PICTURES[:, None], 3, axis=1)
    layer = PictureAugmentation(1.0, seed=4)
    varied = np.asarray(layer(frames, training=True))
    assert varied.shape == frames.shape
    np.testing.assert_array_equal(varied[:, 0], varied[:, 1])
    np.testing.assert_array_equal(varied[:, 0], varied[:, 2])
    assert (varied[:, 0] != PICTURES).any()
    one_by_one = PictureAugmentation(1.0, seed=4)(PICTURES, training=True)
    np.testing.assert_allclose(varied[:, 0], one_by_one, atol=1e-3)


def test_masks_hide_whole_bands_and_stretches_by_the_mean_and_keep_the_end_of_the_sound():
    varied = np.asarray(SpectrogramAugmentation(1.0, seed=1)(SOUNDS, training=True))[..., 0]
    sounds = SOUNDS[..., 0].astype("float32")
    assert not varied[:, :5].any() and not varied[:, 30:].any()
    assert (varied[:, 5:30] > 0).all()
    hidden = (varied != sounds)[:, 5:30]
    mean = np.broadcast_to(sounds.sum(axis=(1, 2))[:, None, None] / (25 * 12), hidden.shape)
    np.testing.assert_allclose(varied[:, 5:30][hidden], mean[hidden], rtol=1e-5)
    # Equal to the mean by chance is a byte that is not seen as hidden.
    frames, bands = hidden.mean(axis=2) > 0.95, hidden.mean(axis=1) > 0.95
    np.testing.assert_array_equal(hidden <= frames[:, :, None] | bands[:, None, :], True)
    assert frames.any() and bands.any()
    assert bands.sum(axis=1).max() <= 2 * 5 and frames.sum(axis=1).max() <= 2 * 9


def test_a_sound_of_silence_alone_gives_numbers():
    absent = np.zeros((3, 40, 12, 1), "uint8")
    assert not np.asarray(SpectrogramAugmentation(1.0)(absent, training=True)).any()


def test_a_share_of_the_words_disappears_and_the_others_close_up():
    result = np.asarray(WordNoise(hidden=0.3, seed=1)(WORDS, training=True))
    assert result.shape == WORDS.shape and result.dtype == WORDS.dtype
    assert 0.27 < (result == 0).mean() < 0.33
    for row in result:
        words = row[row > 0]
        assert row[: len(words)].all(), "no gaps"
        assert (np.diff(words) > 0).all(), "their order stays"
        assert len(words)


def test_one_word_always_stays():
    result = np.asarray(WordNoise(hidden=0.99, seed=1)(TEXTS, training=True))
    assert (result > 0).any(axis=1).tolist() == [True, False, True, True]
    assert result[2].tolist() == [9, 0, 0, 0, 0, 0]


def test_neighbours_change_places():
    result = np.asarray(WordNoise(swapped=0.4, seed=1)(WORDS, training=True))
    np.testing.assert_array_equal(np.sort(result, axis=1), WORDS)
    moved = result - WORDS
    assert np.abs(moved).max() == 1
    inner = moved[:, 1:-1] != 0
    assert 0.36 < inner.mean() < 0.44
    together = result[:, 1] == 3, result[:, 1] == 1
    assert all(each.any() for each in together), "with the one before and the one behind"


def test_padding_changes_places_with_nobody():
    result = np.asarray(WordNoise(swapped=0.99, seed=1)(TEXTS, training=True))
    np.testing.assert_array_equal(result > 0, TEXTS > 0)
    np.testing.assert_array_equal(np.sort(result, axis=1), np.sort(TEXTS, axis=1))


def test_terms_are_hidden_with_their_weights():
    weights = (WORDS / 10).astype("float32")
    index, weight = map(np.asarray, TermNoise(0.3, seed=2)((WORDS, weights), training=True))
    assert 0.27 < (index == 0).mean() < 0.33
    np.testing.assert_array_equal(index == 0, weight == 0)
    np.testing.assert_allclose(weight, index / 10, rtol=1e-6)
    assert (index > 0).any(axis=1).all()


def test_a_recipe_varies_pictures_of_both_sides_in_training_alone(build, rows):
    plain = {"dim": 4, "dropout": 0.0, "id_dropout": 0.0, "user_dropout": 0.0}
    network, _ = build(model=plain, modalities={"image": {"augmentation": 0.7}})
    for side, name in ((network.user, "users_avatar"), (network.item, "items_poster")):
        assert side.get_layer(f"{name}_varied").strength == 0.7
    batch = rows(6)
    calm = [np.asarray(network.training(batch)["query"]) for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    assert not np.allclose(network.training(batch, training=True)["query"], calm[0])
    still, _ = build(model=plain, modalities=["image"])
    np.testing.assert_allclose(
        still.training(batch, training=True)["query"], still.training(batch)["query"], atol=1e-6)
    again = keras.Model.from_config(network.item.get_config())
    assert [w.shape for w in again.weights] == [w.shape for w in network.item.weights]
