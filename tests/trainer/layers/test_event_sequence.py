"""The sequence towers: what counts, what does not, and that everything learns."""

import keras
import numpy as np
import pytest
from layer_contract import shaken, weight

from trainer.layers.event_sequence import SEQUENCES

DIM, TYPES, NUMBERS = 4, 3, 5


def _inputs(index, rank=None, kind=None, numbers=None):
    index = np.array(index, "int32")
    rank = np.tile(np.arange(index.shape[1]), (len(index), 1)) if rank is None else rank
    kind = np.ones(index.shape) if kind is None else kind
    numbers = np.zeros((*index.shape, NUMBERS)) if numbers is None else numbers
    return (index, np.array(rank, "int32"), np.array(kind, "int32"),
            np.array(numbers, "float32"))


@pytest.fixture(params=SEQUENCES, scope="module")
def tower(request):
    keras.utils.set_random_seed(1)
    tower = shaken(SEQUENCES[request.param](DIM, keras.layers.Embedding(10, DIM), types=TYPES),
                   _inputs([[1, 2, 0]]))
    weight(tower, "missing/token").assign(np.full(DIM, 9.0))
    return tower


def _vector(tower, inputs):
    return np.asarray(tower(inputs)[0])


def test_padding_does_not_count(tower):
    short = _inputs([[3, 5]])
    long = _inputs([[3, 5, 0, 0]], kind=[[1, 1, 2, 0]],
                   numbers=np.concatenate([np.zeros((1, 2, NUMBERS)), np.ones((1, 2, NUMBERS))], 1))
    np.testing.assert_allclose(_vector(tower, short), _vector(tower, long), rtol=1e-4, atol=1e-5)


def test_an_unknown_item_between_known_ones_does_not_count(tower):
    gap = _inputs([[3, 0, 5]])
    plain = _inputs([[3, 5]], rank=[[0, 2]])
    np.testing.assert_allclose(_vector(tower, gap), _vector(tower, plain), rtol=1e-4, atol=1e-5)


def test_order_type_and_numbers_count(tower):
    base = _vector(tower, _inputs([[1, 2]]))
    numbers = np.zeros((1, 2, NUMBERS))
    numbers[0, 1, 3] = 1
    changed = {"order": _inputs([[2, 1]]), "type": _inputs([[1, 2]], kind=[[1, 2]]),
               "numbers": _inputs([[1, 2]], numbers=numbers)}
    for name, inputs in changed.items():
        assert np.abs(base - _vector(tower, inputs)).max() > 1e-3, name


def test_attention_minds_no_order_inside_a_second():
    tower = SEQUENCES["self_attention"](DIM, keras.layers.Embedding(10, DIM), types=TYPES)
    one, other = _inputs([[1, 2, 3]], rank=[[0, 0, 1]]), _inputs([[2, 1, 3]], rank=[[0, 0, 1]])
    np.testing.assert_allclose(_vector(tower, one), _vector(tower, other), rtol=1e-4, atol=1e-5)


def test_without_types_none_are_embedded():
    for build in SEQUENCES.values():
        tower = build(DIM, keras.layers.Embedding(10, DIM))
        one = _vector(tower, _inputs([[1, 2]], kind=[[0, 0]]))
        np.testing.assert_array_equal(one, _vector(tower, _inputs([[1, 2]], kind=[[5, 7]])))
