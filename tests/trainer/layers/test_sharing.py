import numpy as np
import pytest
import tensorflow as tf
from layer_contract import shaken

from trainer.layers.sharing import SHARINGS, ExpertGate, ExtractionLevel

DIM, ROWS = 4, 6
TASKS = ["find", "rating", "shared"]  # a task may be called anything
VECTOR = np.random.default_rng(0).normal(size=(ROWS, DIM)).astype("float32")


@pytest.fixture(params=SHARINGS, scope="module")
def sharing(request):
    """A sharing in which every weight matters."""
    return shaken(SHARINGS[request.param](TASKS, DIM), VECTOR)


def test_each_task_gets_a_vector_of_its_own(sharing):
    result = sharing(VECTOR)
    assert list(result) == TASKS
    assert {value.shape for value in result.values()} == {(ROWS, DIM)}
    assert not np.allclose(result["find"], result["rating"])


def test_shared_bottom_shares_its_bottom():
    layer = SHARINGS["shared_bottom"](["rating", "like"], DIM)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(VECTOR)["rating"] ** 2)
    names = [w.path for w in layer.trainable_weights]
    gradients = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    assert {n for n in names if "/like/" not in n} == {
        n for n, gradient in zip(names, gradients, strict=True) if gradient is not None}


def test_a_gate_weighs_experts_by_its_input():
    gate = ExpertGate(2)
    outputs = [np.zeros((ROWS, DIM), "float32"), np.ones((ROWS, DIM), "float32")]
    np.testing.assert_allclose(gate(VECTOR, outputs), 0.5)  # a new one weighs all alike
    kernel = np.zeros((DIM, 2), "float32")
    kernel[0, 1] = 1
    gate.set_weights([kernel, np.zeros(2, "float32")])
    expected = 1 / (1 + np.exp(-VECTOR[:, :1]))
    np.testing.assert_allclose(gate(VECTOR, outputs), np.tile(expected, DIM), rtol=1e-5)


@pytest.mark.parametrize(("name", "experts", "expected"), [
    ("mmoe", 1, 1), ("mmoe", 5, 5), ("ple", 2, 2 * (3 + 1) * 2), ("ple", 1, 2 * (3 + 1))])
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
