"""Sharing: one vector for each task, from experts that gates choose."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.sharing import SHARINGS, ExpertGate, ExtractionLevel

DIM, ROWS = 4, 6
TASKS = ["find", "rating", "shared"]  # a task may be called anything
VECTOR = np.random.default_rng(0).normal(size=(ROWS, DIM)).astype("float32")


@pytest.fixture(params=SHARINGS)
def sharing(request):
    """A sharing in which every weight matters."""
    layer = SHARINGS[request.param](TASKS, DIM)
    layer(VECTOR)
    random = np.random.default_rng(1)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(scale=0.5, size=weight.shape))
    return layer


def test_each_task_gets_a_vector_of_its_own(sharing):
    found = sharing(VECTOR)
    assert list(found) == TASKS
    assert {value.shape for value in found.values()} == {(ROWS, DIM)}
    assert not np.allclose(found["find"], found["rating"])


def test_every_weight_learns(sharing):
    with tf.GradientTape() as tape:
        found = sharing(VECTOR)
        loss = sum(tf.reduce_sum(v * tf.constant([1.0, -2, 3, 0.5])) for v in found.values())
    weights = sharing.trainable_weights
    for weight, gradient in zip(
        weights, tape.gradient(loss, [w.value for w in weights]), strict=True
    ):
        assert gradient is not None and np.any(gradient), weight.path
        assert np.isfinite(gradient).all(), weight.path


def test_a_rebuilt_sharing_is_the_same(sharing):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(sharing))
    again(VECTOR)
    again.set_weights(sharing.get_weights())
    for task, value in sharing(VECTOR).items():
        np.testing.assert_allclose(again(VECTOR)[task], value, rtol=1e-6)


@pytest.mark.parametrize("name", SHARINGS)
def test_dropout_acts_in_training_alone(name):
    layer = SHARINGS[name](TASKS, DIM, dropout=0.5)
    np.testing.assert_array_equal(layer(VECTOR)["find"], layer(VECTOR)["find"])
    assert not np.allclose(layer(VECTOR, training=True)["find"], layer(VECTOR)["find"])


@pytest.mark.parametrize("name", SHARINGS)
def test_half_precision(name, policy):
    policy("mixed_float16")
    for value in SHARINGS[name](TASKS, DIM)(VECTOR).values():
        assert value.dtype == tf.float16 and np.isfinite(value).all()


def test_a_gate_weighs_experts_by_its_input():
    gate = ExpertGate(2)
    answers = [np.zeros((ROWS, DIM), "float32"), np.ones((ROWS, DIM), "float32")]
    np.testing.assert_allclose(gate(VECTOR, answers), 0.5)  # a new one weighs all alike
    kernel = np.zeros((DIM, 2), "float32")
    kernel[0, 1] = 1
    gate.set_weights([kernel, np.zeros(2, "float32")])
    expected = 1 / (1 + np.exp(-VECTOR[:, :1]))
    np.testing.assert_allclose(gate(VECTOR, answers), np.tile(expected, DIM), rtol=1e-5)


@pytest.mark.parametrize(("name", "experts", "expected"), [
    ("mmoe", 1, 1), ("mmoe", 5, 5), ("ple", 2, 2 * (3 + 1) * 2), ("ple", 1, 2 * (3 + 1)),
])
def test_the_number_of_experts(name, experts, expected):
    layer = SHARINGS[name](TASKS, DIM, experts=experts)
    layer(VECTOR)
    kernels = {w.path for w in layer.trainable_weights if w.path.endswith("hidden/kernel")}
    assert len(kernels) == expected


def _reached(layer, *inputs, task):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(*inputs)[0][task] ** 2)
    gradients = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    return {w.path.split("/")[1] for w, g in zip(layer.trainable_weights, gradients, strict=True)
            if g is not None}


def test_an_extraction_level_keeps_the_experts_of_other_tasks_apart():
    level = ExtractionLevel(["a", "b"], DIM, experts=1)
    inputs = {"a": VECTOR, "b": VECTOR}, VECTOR
    level(*inputs)
    assert _reached(level, *inputs, task="a") == {"expert_0_0", "expert_shared_0", "gate_0"}
    assert _reached(level, *inputs, task="b") == {"expert_1_0", "expert_shared_0", "gate_1"}
    shared = level(*inputs)[1]
    assert not np.allclose(shared, VECTOR)
    last = ExtractionLevel(["a", "b"], DIM, experts=1, last=True)
    np.testing.assert_array_equal(last(*inputs)[1], VECTOR)
