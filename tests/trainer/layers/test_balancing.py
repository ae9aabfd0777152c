"""Balancing by hand, and against the plain reading of the papers."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.balancing import (
    BALANCINGS,
    FixedBalance,
    GradNormBalance,
    PCGradBalance,
    UncertaintyBalance,
)

WEIGHTS = {"a": 1.0, "b": 0.5, "c": 2.0}


def test_fixed_balance():
    losses = {"a": tf.constant(3.0), "b": tf.constant(5.0)}
    assert FixedBalance({"a": 2.0, "b": 0.1})(losses).numpy() == pytest.approx(6.5)


def test_uncertainty_balance_starts_as_the_sum_and_follows_its_formula():
    balance = UncertaintyBalance(["a", "b"])
    losses = {"a": tf.constant(3.0), "b": tf.constant(5.0)}
    assert balance(losses).numpy() == pytest.approx(8)
    balance.log_variance.assign([np.log(2), np.log(0.5)])
    assert balance(losses).numpy() == pytest.approx(3 / 2 + 5 * 2, rel=1e-6)


@pytest.mark.parametrize("name", BALANCINGS)
def test_a_balance_survives_a_rebuild(name):
    balance = BALANCINGS[name]({"a": 2.0, "b": 1.0})
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(balance))
    losses = {"a": tf.constant(1.0), "b": tf.constant(2.0)}
    assert again(losses).numpy() == balance(losses).numpy()


@pytest.mark.parametrize("name", BALANCINGS)
def test_losses_stay_in_float32(name, policy):
    policy("mixed_float16")
    # Beyond the largest float16.
    total = BALANCINGS[name]({"a": 1.0})({"a": tf.constant(100_000.3)})
    assert total.dtype == tf.float32
    assert total.numpy() == np.float32(100_000.3)


def _gradients(seed, tasks=3):
    """Gradients of three weights: two that all tasks share, and one of the last task alone."""
    random = np.random.default_rng(seed)
    result = [random.normal(size=(tasks, *shape)).astype("float32") for shape in ((4, 3), (2,), ())]
    result[2][:-1] = 0
    return result


def _surgery(gradients, orders):
    """Algorithm 1 of Yu et al. 2020 on `(tasks, numbers)`."""
    result = np.zeros_like(gradients[0])
    for task, order in enumerate(orders):
        left = gradients[task].copy()
        for other in order:
            product = left @ gradients[other]
            if product < 0:
                left -= product / (gradients[other] @ gradients[other]) * gradients[other]
        result += left
    return result


def _all_surgeries(gradients, weights):
    shared = np.concatenate([g.reshape(len(g), -1) for g in gradients[:2]], axis=1)
    shared = shared * np.array(weights)[:, None]
    others = [[o for o in range(len(weights)) if o != task] for task in range(len(weights))]
    return [_surgery(shared.astype("float64"), orders)
            for orders in itertools.product(*(itertools.permutations(o) for o in others))]


@pytest.mark.parametrize("seed", range(8))
def test_pcgrad_is_the_papers_algorithm_in_one_of_its_orders(seed):
    gradients = _gradients(seed)
    result = [np.asarray(g) for g in PCGradBalance(WEIGHTS, seed).combine(np.ones(3), gradients)]
    assert [f.shape for f in result] == [(4, 3), (2,), ()]
    together = np.concatenate([f.ravel() for f in result[:2]])
    distances = [np.abs(together - expected).max()
                 for expected in _all_surgeries(gradients, list(WEIGHTS.values()))]
    assert min(distances) < 1e-5
    np.testing.assert_allclose(result[2], 2.0 * gradients[2][2], rtol=1e-6)  # one task's own


def test_pcgrad_meets_tasks_in_many_orders():
    gradients = [np.array([[1, 0, 0], [-1, 1, 0], [-1, -1, 1]], "float32")] * 2
    all_orders = [each[:3] for each in _all_surgeries(gradients, [1, 1, 1])]
    balance = PCGradBalance({"a": 1.0, "b": 1.0, "c": 1.0})
    result = [balance.combine(np.ones(3), gradients)[0].numpy() for _ in range(40)]
    for each in result:
        assert min(np.abs(each - expected).max() for expected in all_orders) < 1e-5
    assert len(np.unique(np.round(result, 4), axis=0)) > 2


@pytest.mark.parametrize("name", ["pcgrad", "gradnorm"])
def test_a_task_without_a_label_in_the_batch_changes_nothing(name):
    gradients = [g.copy() for g in _gradients(1, tasks=2)]
    losses = np.array([1.0, 3.0], "float32")
    weights = {"a": 1.0, "b": 2.0}
    result = BALANCINGS[name](weights)
    result.build() if name == "gradnorm" else None
    expected = result.combine(losses, gradients)
    extended = [np.concatenate([g, np.zeros_like(g[:1])]) for g in gradients]
    other = BALANCINGS[name]({**weights, "silent": 1.0})
    other.build() if name == "gradnorm" else None
    for one, two in zip(
        expected, other.combine(np.append(losses, np.float32(0)), extended), strict=True):
        assert np.isfinite(two).all()
        np.testing.assert_allclose(one, two, rtol=1e-5)
    if name == "gradnorm":
        assert other.weight.numpy()[2] == pytest.approx(other.weight.numpy().sum() / 4, rel=0.1)
        assert other.first.numpy()[2] == 0  # its first loss is still to come


def test_gradnorm_steps_as_its_formulas_say():
    balance = GradNormBalance(WEIGHTS, pull=0.5, rate=0.1)
    balance.build()
    before = np.array(list(WEIGHTS.values()))
    gradients = _gradients(5)
    shared = np.concatenate([g.reshape(3, -1) for g in gradients[:2]], axis=1)
    first, second = np.array([2.0, 1.0, 4.0], "float32"), np.array([1.0, 0.9, 4.0], "float32")
    balance.combine(first, gradients)
    middle = balance.weight.numpy()
    result = balance.combine(second, gradients)
    np.testing.assert_array_equal(balance.first, first)
    for previous, losses, after in ((before, first, middle), (middle, second, balance.weight)):
        lengths = previous * np.linalg.norm(shared, axis=1)
        pace = losses / first
        aim = lengths.mean() * (pace / pace.mean()) ** 0.5
        step = previous * np.exp(-0.1 * np.sign(lengths - aim) * lengths / lengths.mean())
        np.testing.assert_allclose(after, step * before.sum() / step.sum(), rtol=1e-5)
    expected = np.einsum("t,tij->ij", middle, gradients[0])
    np.testing.assert_allclose(result[0], expected, rtol=1e-4, atol=1e-6)


def test_gradnorm_forgets_a_step_that_overflows():
    balance = GradNormBalance({"a": 1.0, "b": 1.0})
    balance.build()
    gradients = [np.array([[np.inf, 0.0], [1.0, 5.0]], "float32")]
    [result] = balance.combine(np.array([np.inf, 1.0], "float32"), gradients)
    assert not np.isfinite(result).all()  # the optimizer must see it
    assert balance.weight.numpy().tolist() == [1, 1]
    assert balance.first.numpy().tolist() == [0, 0]


def test_pcgrad_passes_an_overflow_on():
    gradients = [np.array([[np.inf, 0.0], [1.0, 5.0]], "float32")]
    [result] = PCGradBalance({"a": 1.0, "b": 1.0}).combine(np.ones(2), gradients)
    assert not np.isfinite(result).all()
