from types import SimpleNamespace

import keras
import numpy as np
import pytest

from trainer.export import constant_weights as constant_weights_module
from trainer.export.constant_weights import constant_weights
from trainer.export.traced import TracedModel
from trainer.layers.lookup import UserEmbedding, UserTable


@pytest.fixture
def network():
    """A user side of an embedding, a table and a layer behind them."""
    index = keras.Input((), dtype="int32", name="user_index")
    rows = [UserEmbedding(3, 2, name="learned")(index),
            UserTable(np.eye(3, dtype=np.float32), name="stored")(index)]
    out = keras.layers.Dense(2, bias_initializer="ones", name="mix")(
        keras.layers.Concatenate()(rows))
    user = keras.Model({"user_index": index}, {"out": out})
    return SimpleNamespace(user=user, item=user, heads={})


def traced(network):
    """Returns what a traced model says of every user."""
    with constant_weights(network):
        model = TracedModel(network.user)
    return lambda: model({"user_index": np.arange(3, dtype=np.int32)})["out"].numpy()


def test_a_layers_weights_are_those_of_the_export(network):
    predict = traced(network)
    before = predict()
    np.testing.assert_allclose(before, network.user({"user_index": np.arange(3)})["out"], atol=1e-6)
    for weight in network.user.get_layer("mix").weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_array_equal(predict(), before)


@pytest.mark.parametrize("table", ["learned", "stored"])
def test_a_row_of_a_table_can_be_changed_later(network, table):
    predict = traced(network)
    before = predict()
    (weight,) = network.user.get_layer(table).weights
    weight.assign(np.asarray(weight) + np.array([[0.0], [1.0], [0.0]], np.float32))
    assert (predict() != before).any(axis=1).tolist() == [False, True, False]


def test_what_is_large_stays_a_variable(network, monkeypatch):
    monkeypatch.setattr(constant_weights_module, "_MOST_BYTES", 8)  # the bias has as many
    predict = traced(network)
    for weight in network.user.get_layer("mix").weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_array_equal(predict(), np.ones((3, 2)))
