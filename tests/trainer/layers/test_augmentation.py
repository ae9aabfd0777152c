import keras
import numpy as np
import pytest
from keras import ops

from trainer.layers.augmentation import PictureAugmentation, SpectrogramAugmentation, _resampled

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (64, 8, 12, 3)).astype("uint8")
SOUNDS = RNG.integers(1, 256, (64, 40, 12, 1)).astype("uint8")
SOUNDS[:, :5] = SOUNDS[:, 30:] = 0  # beyond the sound


@pytest.mark.parametrize(("kind", "content"), [
    (PictureAugmentation, PICTURES), (SpectrogramAugmentation, SOUNDS)])
def test_use_changes_nothing_and_the_seed_decides(kind, content):
    layer = kind(0.8, seed=3)
    np.testing.assert_array_equal(layer(content), content)
    np.testing.assert_array_equal(layer(content, training=False), content)
    np.testing.assert_array_equal(kind(0.0)(content, training=True), content)
    varied = np.asarray(layer(content, training=True))
    assert varied.shape == content.shape and varied.dtype == np.float32
    assert varied.min() >= 0 and varied.max() <= 255
    changed = (varied != content).reshape(64, -1).any(axis=1)
    assert changed.mean() > 0.9
    assert (np.asarray(layer(content, training=True)) != varied).any()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.strength, again.seed) == (0.8, 3)
    np.testing.assert_allclose(again(content, training=True), varied, atol=1e-3)


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


_CALM = {"dim": 4, "dropout": 0.0, "id_dropout": 0.0, "user_dropout": 0.0}


@pytest.mark.parametrize(("changes", "layers"), [
    ({"model": _CALM, "modalities": {"image": {"augmentation": 0.7}}}, {
        "users_avatar_varied": {"strength": 0.7}, "items_poster_varied": {"strength": 0.7}}),
    ({"model": {**_CALM, "modality_dropout": 0.5}, "modalities": ["numeric"]}, {
        "users_modality_dropout": {"rate": 0.5}, "items_modality_dropout": {"rate": 0.5}})])
def test_a_recipe_varies_what_is_read_of_both_sides_in_training_alone(build, rows, changes, layers):
    network, _ = build(**changes)
    batch = rows(6)
    calm = [np.asarray(network.training(batch)["query"]) for _ in range(2)]
    np.testing.assert_array_equal(*calm)
    assert not np.allclose(network.training(batch, training=True)["query"], calm[0])
    for name, options in layers.items():
        side = network.user if name.startswith("users") else network.item
        assert options.items() <= side.get_layer(name).get_config().items()
    again = keras.Model.from_config(network.item.get_config())
    assert [w.shape for w in again.weights] == [w.shape for w in network.item.weights]


def test_without_augmentation_training_reads_pictures_as_they_are(build, rows):
    network, _ = build(model=_CALM, modalities=["image"])
    np.testing.assert_allclose(network.training(rows(6), training=True)["query"],
                               network.training(rows(6))["query"], atol=1e-6)
