"""The towers over earlier events: what counts of them, and what does not."""

import keras
import numpy as np
import pytest

from trainer.layers.event_sequence import SEQUENCES
from trainer.layers.history import HistoryTower

DIM, TYPES, NUMBERS = 4, 3, 5
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
MAKE = {"attention by heads": lambda: HistoryTower(
            DIM, keras.layers.Embedding(10, DIM), heads=3, values=1, max_rank=4),
        **{name: lambda kind=kind: kind(DIM, keras.layers.Embedding(10, DIM), types=TYPES)
           for name, kind in SEQUENCES.items()}}


def read(tower, index, rank=None, kind=None, numbers=None):
    """The vector of a history; of its numbers the first two are the age and a value."""
    index = np.array([index], "int32")
    rank = np.array([range(index.shape[1])] if rank is None else [rank], "int32")
    kind = np.ones(index.shape, "int32") if kind is None else np.array([kind], "int32")
    numbers = np.zeros((*index.shape, NUMBERS)) if numbers is None else np.array([numbers])
    numbers = numbers.astype("float32")
    inputs = (index, numbers[..., 0], rank, numbers[..., 1:2]) if isinstance(
        tower, HistoryTower) else (index, rank, kind, numbers)
    return np.asarray(tower(inputs)[0])


@pytest.fixture(params=MAKE, scope="module")
def tower(request):
    """A tower that minds everything."""
    keras.utils.set_random_seed(1)
    made = MAKE[request.param]()
    read(made, [1, 2, 0])
    random = np.random.default_rng(5)
    for one in made.trainable_weights:
        one.assign(random.normal(scale=0.7, size=one.shape))
    return made


def test_padding_and_unknown_items_do_not_count(tower):
    numbers = np.linspace(0.1, 0.9, 2 * NUMBERS).reshape(2, NUMBERS)
    short = read(tower, [3, 5], numbers=numbers)
    longer = read(tower, [3, 5, 0, 0], kind=[1, 1, 2, 0],
                  numbers=np.concatenate([numbers, np.ones((2, NUMBERS))]))
    np.testing.assert_allclose(longer, short, **CLOSE)
    gap = read(tower, [3, 0, 5], numbers=numbers[[0, 0, 1]])
    np.testing.assert_allclose(
        gap, read(tower, [3, 5], rank=[0, 2], numbers=numbers), **CLOSE)


def test_order_type_and_numbers_count(tower):
    base = read(tower, [1, 2])
    changed = {"order": read(tower, [2, 1])}
    for place in (0, 1):
        numbers = np.zeros((2, NUMBERS))
        numbers[0, place] = 1
        changed[f"number {place}"] = read(tower, [1, 2], numbers=numbers)
    if not isinstance(tower, HistoryTower):
        changed["type"] = read(tower, [1, 2], kind=[1, 2])
    for name, vector in changed.items():
        assert np.abs(base - vector).max() > 1e-3, name


@pytest.mark.parametrize("name", ["attention by heads", "self_attention"])
def test_attention_minds_no_order_inside_a_second(name):
    tower = MAKE[name]()
    read(tower, [1, 2])
    rank, numbers = [0, 1, 1, 1, 2], np.arange(5 * NUMBERS).reshape(5, NUMBERS) / 20
    numbers[1:4, 0] = 0.4  # as old
    other = np.array([0, 3, 1, 2, 4])
    np.testing.assert_allclose(
        read(tower, [1, 2, 3, 4, 5], rank, numbers=numbers),
        read(tower, 1 + other, rank, numbers=numbers[other]), **CLOSE)


def test_ranks_beyond_the_last_one_count_as_it_and_a_new_tower_has_short_and_long_memory():
    tower = MAKE["attention by heads"]()
    read(tower, [1, 2])
    decay = np.asarray(tower.rank_decay)[:, 0]
    assert (np.diff(decay) < 0).all() and (decay < 0).all()
    np.testing.assert_allclose(
        read(tower, [1, 2], rank=[0, 3]), read(tower, [1, 2], rank=[0, 30]))


def test_without_types_none_are_embedded():
    for build in SEQUENCES.values():
        tower = build(DIM, keras.layers.Embedding(10, DIM))
        np.testing.assert_array_equal(
            read(tower, [1, 2], kind=[0, 0]), read(tower, [1, 2], kind=[5, 7]))
