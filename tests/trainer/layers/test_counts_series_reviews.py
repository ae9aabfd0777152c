import keras
import numpy as np
import pytest
from layer_contract import weight

from trainer.layers.history import ReviewTower
from trainer.layers.rhythm import SeriesAutoencoder, SeriesRnn, distinct

DIM = 4
SERIES = [SeriesRnn, SeriesAutoencoder]


def _series(events, known=None):
    """Returns series of one value a day, newest first."""
    events = np.array(events, "float32")
    known = np.ones_like(events) if known is None else np.array(known, "float32")
    return np.stack([events * known, events * known / 2, known], axis=2)


@pytest.mark.parametrize(("row", "number"), [
    ([0, 0, 0], 0), ([1, 1, 1], 1), ([3, 0, 1], 2), ([2, 1, 2], 2), ([1, 2, 3], 3)])
def test_distinct_things_are_counted_and_none_is_no_thing(row, number):
    assert np.asarray(distinct(np.array([row, [0, 0, 0]], "int32"))).tolist() == [number, 0]


@pytest.mark.parametrize("build", SERIES)
def test_the_order_of_days_counts(build):
    keras.utils.set_random_seed(2)
    tower = build(DIM)
    one, other = _series([[3, 0, 0, 0, 0, 0, 0]]), _series([[0, 0, 0, 0, 0, 0, 3]])
    assert np.abs(np.asarray(tower(one)[0]) - np.asarray(tower(other)[0])).max() > 1e-3


def test_unknown_days_do_not_count_in_the_recurrent_tower():
    tower = SeriesRnn(DIM)
    known = [[1, 1, 1, 0, 0, 0, 0]]
    np.testing.assert_allclose(
        tower(_series([[1, 2, 3, 0, 0, 0, 0]], known))[0], tower(_series([[1, 2, 3]]))[0],
        rtol=1e-5, atol=1e-6)


def test_codes_are_drawn_in_training_alone_and_by_the_seed():
    inputs = _series([[1, 0, 2, 0, 0, 1, 0]])
    keras.utils.set_random_seed(1)
    one = SeriesAutoencoder(DIM, seed=3)
    quiet = [np.asarray(one(inputs)[0]) for _ in range(2)]
    np.testing.assert_array_equal(*quiet)
    loud = np.asarray(one(inputs, training=True)[0])
    assert np.abs(loud - quiet[0]).max() > 1e-4
    other = SeriesAutoencoder(DIM, seed=3)
    other(inputs)
    other.set_weights(one.get_weights())
    np.testing.assert_allclose(other(inputs, training=True)[0], loud, rtol=1e-5)


def test_the_loss_is_the_evidence_bound():
    """With a decoder that says 0 and a code of the prior, the squares of the series are left."""
    tower = SeriesAutoencoder(DIM, latent=2)
    known = [[1, 1, 0, 0, 0, 0, 0], [0] * 7]
    inputs = _series([[2, 1, 5, 0, 0, 0, 0], [0] * 7], known)
    tower(inputs)
    for variable in tower.trainable_weights:
        variable.assign(np.zeros(variable.shape))
    loss = np.asarray(tower(inputs)[2])
    np.testing.assert_allclose(loss, [(4 + 1 + 1 + 0.25) / 2, 0], rtol=1e-6)
    weight(tower, "mean/bias").assign([3.0, 0.0])
    weight(tower, "log_variance/bias").assign([0.0, 1.0])
    divergence = (9 + (np.e - 1 - 1)) / 2
    np.testing.assert_allclose(tower(inputs)[2], [(6.25) / 2 + divergence, 0], rtol=1e-5)


def test_words_beyond_the_text_do_not_count():
    tower = ReviewTower(DIM, keras.layers.Embedding(9, DIM))
    one, other = np.array([[1, 2]], "int32"), np.array([[1, 0, 2, 0, 0]], "int32")
    np.testing.assert_allclose(tower(one)[0], tower(other)[0], rtol=1e-5, atol=1e-6)
