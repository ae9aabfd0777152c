"""What every layer keeps to: it learns, a rebuilt one is the same, half precision gives numbers.

A tower keeps to more: rows without the feature are flagged and have the tower's token.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from layer_contract import assert_learns, assert_rebuilt, shaken, weight

from trainer.layers.event_sequence import SEQUENCES
from trainer.layers.fusion import FUSIONS
from trainer.layers.fusion.attention import CoAttentionFusion
from trainer.layers.fusion.late import HybridFusion, LateFusion
from trainer.layers.heads import INTERACTIONS, InnerProduct, ProfileHead
from trainer.layers.history import DistanceForm, HistorySum, HistoryTower, ReviewTower, UnitLength
from trainer.layers.image_towers import FourierTower
from trainer.layers.lookup import BiasedFactors, EveryRow
from trainer.layers.media_towers import AudioTower, EncodedTower, VideoTower
from trainer.layers.rhythm import CountsTower, SeriesAutoencoder, SeriesRnn
from trainer.layers.sharing import SHARINGS, ConcatenatedBranches
from trainer.layers.text_towers import BagTower, CnnTower, LstmTower, TfidfTower, TransformerTower
from trainer.layers.towers import CategoricalTower, IdTower, ImageTower, NumericTower
from trainer.modalities.image.codebook import fitted_tower

DIM, ROWS = 4, 3
RANDOM = np.random.default_rng(0)
PRESENT = np.array([1, 1, 0], "float32")  # of three rows the last one lacks the feature


def _there(*values):
    """Values of which the last row has none."""
    rows = np.array(values)
    return np.concatenate([rows, np.zeros_like(rows[:1])]).astype(
        "int32" if rows.dtype == int else "float32")


def _pixels(*shape):
    return RANDOM.integers(1, 256, (ROWS, *shape)).astype("uint8")


def _normal(*shape):
    return RANDOM.normal(size=(ROWS, *shape)).astype("float32")


def _items():
    return keras.layers.Embedding(10, DIM, name="table")


WORDS, WEIGHTS = _there([3, 1, 0], [2, 4, 1]), _there([0.2, 0.6, 0.0], [1.0, 0.3, 0.1])
PIXELS = _pixels(16, 16, 3)
RANKS = np.tile(np.arange(3, dtype="int32"), (ROWS, 1))
# All days are known.
SERIES = _there(*np.concatenate([_normal(7, 2), np.ones((ROWS, 7, 1))], axis=2)[:2])
TOWERS = {
    "id": (lambda: IdTower(DIM, _items()), _there(2, 5)),
    "categorical": (lambda: CategoricalTower(DIM, 5), WORDS),
    "numeric": (lambda: NumericTower(DIM), (_normal(1), PRESENT)),
    "tfidf": (lambda: TfidfTower(DIM, [5]), (WORDS, WEIGHTS)),
    "tfidf with characters": (lambda: TfidfTower(DIM, [5, 5]), (WORDS, WEIGHTS, WORDS, WEIGHTS)),
    **{kind.__name__: (lambda kind=kind: kind(DIM, 5), WORDS)
       for kind in (BagTower, CnnTower, LstmTower, TransformerTower)},
    "image": (lambda: ImageTower(DIM, channels=2), (PIXELS, PRESENT)),
    "visual words": (lambda: fitted_tower(DIM, PIXELS), (PIXELS, PRESENT)),
    "fourier": (lambda: FourierTower(DIM), (PIXELS, PRESENT)),
    "audio": (lambda: AudioTower(DIM, channels=2), (_pixels(21, 6, 1), _normal(4), PRESENT)),
    "video": (lambda: VideoTower(DIM, channels=2), (_pixels(4, 16, 24, 3), PRESENT)),
    "encoded": (lambda: EncodedTower(DIM, dropout=0.5), (_normal(7), PRESENT)),
    "history": (lambda: HistoryTower(DIM, _items(), heads=3, values=1, max_rank=4),
                (WORDS, WEIGHTS, RANKS, WEIGHTS[..., None])),
    **{name: (lambda kind=kind: kind(DIM, _items(), types=3),
              (WORDS, RANKS, WORDS % 3, _there(*_normal(3, 5)[:2])))
       for name, kind in SEQUENCES.items()},
    "counts": (lambda: CountsTower(DIM), (_there(*_normal(7)[:2]), WORDS, WORDS)),
    "rnn": (lambda: SeriesRnn(DIM), SERIES),
    "autoencoder": (lambda: SeriesAutoencoder(DIM, latent=2, seed=3), SERIES),
    "reviews": (lambda: ReviewTower(DIM, _items()), WORDS),
}
# Attention is the same whatever a key's bias is; the largest place of a picture may be another's.
CONSTANT = ("key/bias", "norm/beta", "norm/gamma")
MAY_BE_ZERO = {"image", "audio", "video", "BagTower", "CnnTower", "LstmTower", "TransformerTower"}


def _numbers(outputs):
    return [np.asarray(tf.cast(value, tf.float32)) for value in keras.tree.flatten(outputs)]


def _assert_dropout_is_for_training(layer, *inputs):
    calm, again, trained = (_numbers(layer(*inputs, **how))
                            for how in ({}, {"training": False}, {"training": True}))
    for one, other in zip(calm, again, strict=True):
        np.testing.assert_array_equal(one, other)
    if layer.get_config().get("dropout"):
        assert any((one != other).any() for one, other in zip(calm, trained, strict=True))


@pytest.mark.parametrize("name", TOWERS)
def test_a_tower_flags_what_is_absent_learns_and_is_rebuilt(name):
    keras.utils.set_random_seed(1)
    make, inputs = TOWERS[name]
    tower = shaken(make(), inputs)
    weight(tower, "missing/token").assign(np.arange(DIM) + 90.0)
    vector, present = map(np.asarray, tower(inputs)[:2])
    assert vector.shape == (ROWS, DIM) and present.tolist() == PRESENT.tolist()
    assert np.isfinite(vector).all() and np.abs(vector[0] - vector[1]).max() > 1e-3
    assert vector[2].tolist() == [90, 91, 92, 93]
    absent, present = map(np.asarray, tower(
        keras.tree.map_structure(np.zeros_like, inputs))[:2])
    assert not present.any() and (absent == vector[2]).all()
    assert_learns(tower, inputs, constant=CONSTANT, zero=name in MAY_BE_ZERO)
    assert_rebuilt(tower, inputs)
    _assert_dropout_is_for_training(tower, inputs)


@pytest.mark.parametrize("name", TOWERS)
def test_a_tower_computes_in_half_precision(name, policy):
    policy("mixed_float16")
    make, inputs = TOWERS[name]
    results = _numbers(make()(inputs, training=True))
    assert all(np.isfinite(value).all() for value in results)
    assert results[0].shape == (ROWS, DIM) and not results[1][2]


@pytest.mark.parametrize(
    "name", [name for name, (_, inputs) in TOWERS.items() if inputs[-1] is PRESENT])
def test_what_an_absent_row_holds_reaches_nothing(name):
    make, (*values, present) = TOWERS[name]
    layer, garbage = make(), [one.copy() for one in values]
    for one in garbage:
        one[2] = 77
    np.testing.assert_array_equal(layer((*garbage, present))[0], layer((*values, present))[0])


USER, ITEM = RANDOM.normal(size=(2, 5, DIM)).astype("float32")
VECTORS, SOME = _normal(4, 5), np.array([[1, 0, 1, 1], [1, 1, 1, 1], [0, 1, 0, 1]], "float32")
LAYERS = {
    **{f"fusion {name}": (lambda kind=kind: kind(DIM), (VECTORS, SOME))
       for name, kind in FUSIONS.items()},
    "late vote": (lambda: LateFusion(DIM, "vote"), (VECTORS, SOME)),
    "late stack": (lambda: LateFusion(DIM, "stack"), (VECTORS, SOME)),
    "hybrid stack": (lambda: HybridFusion(DIM, "stack"), (VECTORS, SOME)),
    "two blocks": (lambda: CoAttentionFusion(DIM, heads=3, blocks=2), (VECTORS, SOME)),
    **{name: (lambda kind=kind: kind(["find", "rating", "shared"], DIM, dropout=0.5), (USER,))
       for name, kind in SHARINGS.items()},
    "branches": (lambda: ConcatenatedBranches(["a", "b"], DIM, 0.5), (USER,)),
    **{name: (lambda kind=kind: kind(DIM, 3.5, 0.5, 3), (USER, ITEM))
       for name, kind in INTERACTIONS.items()},
    "profile": (lambda: ProfileHead(DIM, 3.5, 0.5, 3), (USER,)),
    "inner product": (lambda: InnerProduct(DIM, 3.5), (USER, ITEM)),
    "factors": (lambda: BiasedFactors(9, DIM, True), (np.arange(5),)),
    "every row": (lambda: EveryRow(7), (np.arange(5),)),
    "distance": (lambda: DistanceForm(True), (USER,)), "length": (UnitLength, (USER,)),
    "sum": (lambda: HistorySum(True), (np.stack([USER, ITEM], 1), np.ones((5, 2), "float32"))),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_learns_and_is_rebuilt_and_drops_nothing_in_use(name, policy):
    make, inputs = LAYERS[name]
    layer = shaken(make(), *inputs)
    assert_learns(layer, *inputs)
    assert_rebuilt(layer, *inputs)
    _assert_dropout_is_for_training(layer, *inputs)
    policy("mixed_float16")
    assert all(np.isfinite(value).all() for value in _numbers(make()(*inputs)))
