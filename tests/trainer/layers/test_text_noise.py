import keras
import numpy as np
import pytest

from trainer.layers.augmentation import TermNoise, WordNoise

WORDS = np.tile(np.arange(1, 11, dtype="int32"), (500, 1))
TEXTS = np.array([[1, 2, 3, 4, 0, 0], [0] * 6, [9, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]], "int32")


def test_nothing_changes_outside_of_training():
    noise = WordNoise(0.5, 0.5, seed=1)
    for training in (None, False):
        np.testing.assert_array_equal(noise(TEXTS, training=training), TEXTS)
    weights = TEXTS / 10
    index, weight = TermNoise(0.5, seed=1)((TEXTS, weights))
    np.testing.assert_array_equal(index, TEXTS)
    np.testing.assert_allclose(weight, weights)


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


@pytest.mark.parametrize("make", [
    lambda: WordNoise(0.3, 0.3, seed=3), lambda: TermNoise(0.3, seed=3),
    lambda: WordNoise(0.3, 0.3), lambda: TermNoise(0.3)])
def test_the_seed_decides_and_every_call_draws_anew(make):
    def calls():
        keras.utils.set_random_seed(8)  # where the layer has no seed of its own
        noise = make()
        given = WORDS if isinstance(noise, WordNoise) else (WORDS, WORDS * 1.0)
        return [np.concatenate(keras.tree.flatten(noise(given, training=True)))
                for _ in range(2)]

    first, again = calls(), calls()
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).any()
