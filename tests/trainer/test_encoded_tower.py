"""The tower of pretrained vectors."""

import numpy as np
import pytest
from layer_contract import assert_learns, assert_rebuilt, shaken, weight

from trainer.layers.media_towers import EncodedTower


@pytest.fixture
def given():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(4, 7)).astype("float32")
    vectors[2:] = 0
    return vectors, np.array([1, 1, 0, 0], "float32")


def test_shapes_and_the_token_of_absent_rows(given):
    tower = EncodedTower(5)
    vector, present = tower(given)
    assert vector.shape == (4, 5) and np.asarray(present).tolist() == [1, 1, 0, 0]
    weight(tower, "missing/token").assign(np.arange(5.0))
    vector = np.asarray(tower(given)[0])
    np.testing.assert_array_equal(vector[2:], [np.arange(5.0)] * 2)
    assert np.abs(vector[0] - vector[1]).max() > 1e-3


def test_it_learns_and_is_rebuilt(given):
    tower = shaken(EncodedTower(5, dropout=0.2), given)
    assert_learns(tower, given)
    assert_rebuilt(tower, given)


def test_the_length_of_an_encoders_vectors_does_not_matter(given):
    tower = EncodedTower(5)
    long = tower((given[0] * 1000, given[1]))[0]
    np.testing.assert_allclose(long[:2], tower((given[0] * 100, given[1]))[0][:2], rtol=1e-3,
                               atol=1e-4)


def test_dropout_is_for_training(given):
    tower = EncodedTower(64, dropout=0.5)
    calm = np.asarray(tower(given)[0])
    np.testing.assert_array_equal(calm, tower(given)[0])
    assert (np.asarray(tower(given, training=True)[0])[:2] == 0).mean() > 0.2
