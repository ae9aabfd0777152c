import keras
import numpy as np
import pytest
from layer_contract import weight

from trainer.layers.history import HistoryTower

DIM = 4


def _inputs(index, age=None, rank=None, values=None):
    index = np.array(index, "int32")
    age = np.zeros(index.shape) if age is None else age
    rank = np.tile(np.arange(index.shape[1]), (len(index), 1)) if rank is None else rank
    values = np.zeros((*index.shape, 1)) if values is None else values
    return (index, np.array(age, "float32"), np.array(rank, "int32"), np.array(values, "float32"))


@pytest.fixture(scope="module")
def tower():
    """A tower whose heads mind everything: rank, age and value."""
    keras.utils.set_random_seed(1)
    tower = HistoryTower(DIM, keras.layers.Embedding(10, DIM), heads=3, values=1, max_rank=4)
    tower(_inputs([[1, 2, 0]]))
    rng = np.random.default_rng(5)
    for one in (tower.age_decay, tower.rank_bias, tower.value_weight, tower.value_scale):
        one.assign(rng.normal(size=one.shape))
    weight(tower, "missing/token").assign(np.full(DIM, 9.0))
    return tower


def test_padding_does_not_count(tower):
    short = _inputs([[3, 5]], age=[[0.1, 0.9]], values=[[[1], [-1]]])
    long = _inputs([[3, 5, 0, 0, 0]], age=[[0.1, 0.9, 7, 7, 7]],
                   values=[[[1], [-1], [1], [1], [1]]])
    np.testing.assert_allclose(tower(short)[0], tower(long)[0], rtol=1e-5, atol=1e-6)


def test_an_unknown_item_between_known_ones_does_not_count(tower):
    with_gap = _inputs([[3, 0, 5]], rank=[[0, 1, 2]], age=[[0.1, 0.5, 0.9]])
    without = _inputs([[3, 5]], rank=[[0, 2]], age=[[0.1, 0.9]])
    np.testing.assert_allclose(tower(with_gap)[0], tower(without)[0], rtol=1e-5, atol=1e-6)


def test_the_order_inside_a_tie_does_not_count(tower):
    rank, age = [[0, 1, 1, 1, 2]], [[0.1, 0.4, 0.4, 0.4, 2]]
    one = _inputs([[1, 2, 3, 4, 5]], age, rank, [[[0], [1], [0.5], [-1], [0]]])
    other = _inputs([[1, 4, 2, 3, 5]], age, rank, [[[0], [-1], [1], [0.5], [0]]])
    np.testing.assert_allclose(tower(one)[0], tower(other)[0], rtol=1e-4, atol=1e-5)


def test_the_order_between_seconds_counts(tower):
    one, other = _inputs([[1, 2]]), _inputs([[2, 1]])
    assert np.abs(np.asarray(tower(one)[0] - tower(other)[0])).max() > 1e-2


@pytest.mark.parametrize("place", [1, 3])
def test_ages_and_values_count(tower, place):
    base = _inputs([[1, 2]])
    changed = list(base)
    changed[place] = base[place].copy()
    changed[place][0, 0] = 1.0
    assert np.abs(np.asarray(tower(base)[0] - tower(tuple(changed))[0])).max() > 1e-3


def test_ranks_beyond_the_last_one_count_as_it(tower):
    index = [[1, 2]]
    np.testing.assert_allclose(
        tower(_inputs(index, rank=[[0, 3]]))[0], tower(_inputs(index, rank=[[0, 30]]))[0])


def test_a_new_tower_has_short_and_long_memory():
    tower = HistoryTower(DIM, keras.layers.Embedding(10, DIM), heads=3, values=1)
    tower(_inputs([[1, 2]]))
    decay = np.asarray(tower.rank_decay)[:, 0]
    assert (np.diff(decay) < 0).all()
    assert (decay < 0).all()
