import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.balancing import PCGradBalance
from trainer.training.multitask import MultiTaskModel
from trainer.training.optimizer import MirroredLossScale

ROWS, UNIFORM = 16, np.full(9, 1 / 9)
TASKS = {"retrieval": {"head": "retrieval", "label": "like"},
         "rating": {"head": "regression", "label": "rating"}}
PLAIN = {"dim": 4, "dropout": 0.0, "id_dropout": 0.0, "user_dropout": 0.0}


def _labels(seed=0):
    stars = np.random.default_rng(seed).integers(1, 6, ROWS).astype("float32")
    return {"rating": stars, "like": (stars >= 4).astype("float32")}


@pytest.fixture
def make(build):
    """Builds a model of two tasks that does not dream."""
    def make(balancing, training=None, **model):
        network, recipe = build(tasks=TASKS, balancing={balancing: {"weights": {"rating": 0.5}}},
                                modalities=["numeric"],
                                model={**PLAIN, **model}, training=training or {})
        made = MultiTaskModel(network.training, recipe, UNIFORM)
        random = np.random.default_rng(1)
        for weight in made.trainable_weights:
            weight.assign(random.normal(scale=0.3, size=weight.shape))
        return made

    return make


def _gradients(model, inputs, labels):
    with tf.GradientTape(persistent=True) as tape:
        losses = model.all_losses(labels, model(inputs, training=True))
    each = [tape.gradient(loss, [w.value for w in model.trainable_weights],
                          unconnected_gradients=tf.UnconnectedGradients.ZERO)
            for loss in losses.values()]
    stacked = [np.stack([tf.convert_to_tensor(g) for g in some])
               for some in zip(*each, strict=True)]
    return {n: loss.numpy() for n, loss in losses.items()}, stacked


def _step(model, inputs, labels):
    before = [np.array(w) for w in model.trainable_weights]
    model.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    logs = model.train_on_batch(inputs, labels, return_dict=True)
    steps = [old - np.array(w) for old, w in zip(before, model.trainable_weights, strict=True)]
    return logs, steps


def test_a_step_follows_the_gradients_after_surgery(make, rows):
    model, inputs, labels = make("pcgrad"), rows(ROWS), _labels()
    losses, gradients = _gradients(model, inputs, labels)
    expected = PCGradBalance({"retrieval": 1.0, "rating": 0.5}).combine(np.ones(2), gradients)
    logs, steps = _step(model, inputs, labels)
    for weight, step, gradient in zip(model.trainable_weights, steps, expected, strict=True):
        np.testing.assert_allclose(step, gradient, rtol=1e-3, atol=1e-5, err_msg=weight.path)
    plain = [g[0] + 0.5 * g[1] for g in gradients]
    assert any(np.abs(p - s).max() > 1e-3 for p, s in zip(plain, steps, strict=True))
    assert logs["loss"] == pytest.approx(losses["retrieval"] + 0.5 * losses["rating"], rel=1e-5)
    assert logs["rating_loss"] == pytest.approx(losses["rating"], rel=1e-5)


def test_where_no_gradients_conflict_a_step_is_that_of_the_sum(make, rows):
    """With the first weights of GradNorm too, which are the recipe's."""
    inputs, labels = rows(ROWS), _labels()
    fixed = _step(make("fixed"), inputs, labels)
    normed = _step(make("gradnorm"), inputs, labels)
    assert set(fixed[0]) == set(normed[0])
    for one, other in zip(fixed[1], normed[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_all_auxiliary_losses_stay_outside_the_balance(make, rows):
    model = make("pcgrad", {"alignment": 0.25}, missing="regression")
    inputs, labels = rows(ROWS), _labels()
    losses, gradients = _gradients(model, inputs, labels)
    assert list(losses) == ["retrieval", "rating", "alignment", "imputation"]
    tasks = PCGradBalance({"retrieval": 1.0, "rating": 0.5}).combine(
        np.ones(2), [g[:2] for g in gradients])
    logs, steps = _step(model, inputs, labels)
    for weight, step, task, gradient in zip(
            model.trainable_weights, steps, tasks, gradients, strict=True):
        np.testing.assert_allclose(step, task + 0.25 * gradient[2] + gradient[3], rtol=1e-3,
                                   atol=1e-5, err_msg=weight.path)
    for name in ("imputation", "alignment"):
        assert losses[name] > 0
        assert logs[f"{name}_loss"] == pytest.approx(losses[name], rel=1e-4)
    assert logs["loss"] == pytest.approx(
        losses["retrieval"] + 0.5 * losses["rating"] + 0.25 * losses["alignment"]
        + losses["imputation"], rel=1e-4)


@pytest.mark.slow
def test_a_compiled_fit_in_half_precision_lowers_every_loss(make, rows, policy):
    policy("mixed_float16")
    model = make("gradnorm")
    # It starts above what float16 holds: the first steps overflow and are left out.
    model.compile(MirroredLossScale(keras.optimizers.Adam(0.03), initial_scale=2.0**24))
    model.optimizer.build(model.trainable_variables)
    data = tf.data.Dataset.from_tensor_slices((rows(ROWS), _labels())).batch(ROWS)
    history = model.fit(data, epochs=40, verbose=0).history
    assert set(history) == {"loss", "retrieval_loss", "rating_loss"}
    for name in history:
        assert history[name][-1] < 0.9 * history[name][0], name
    assert all(np.isfinite(np.asarray(w)).all() for w in model.weights)
    assert model.balance.weight.numpy().sum() == pytest.approx(1.5, rel=1e-3)
    assert model.balance.weight.numpy()[0] != 1
