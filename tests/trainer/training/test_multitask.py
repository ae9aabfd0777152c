import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.recipe import parse_recipe
from trainer.training.multitask import MultiTaskModel
from trainer.training.tfrs_retrieval import tfrs_in_batch_softmax

ROWS = 16
UNIFORM = np.full(9, 1 / 9)


def _labels(rows, seed=0):
    rng = np.random.default_rng(seed)
    stars = rng.integers(1, 6, rows).astype("float32")
    return {"rating": stars, "like": (stars >= 4).astype("float32")}


@pytest.fixture
def model(network, recipe):
    return MultiTaskModel(network.training, recipe, UNIFORM)


def _losses_and_gradients(model, inputs, labels, task):
    weights = model.network.trainable_weights
    with tf.GradientTape() as tape:
        losses = model.task_losses(labels, model(inputs, training=False))
    gradients = tape.gradient(losses[task], [w.value for w in weights],
                              unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return losses[task].numpy(), [tf.convert_to_tensor(g).numpy() for g in gradients]


@pytest.mark.parametrize("task", ["rating", "like"])
def test_rows_without_a_label_do_not_count(model, rows, task):
    inputs, labels = rows(ROWS), _labels(ROWS)
    labels[task][10:] = np.nan
    part = [{n: v[:10] for n, v in some.items()} for some in (inputs, labels)]
    loss, gradients = _losses_and_gradients(model, inputs, labels, task)
    expected_loss, expected = _losses_and_gradients(model, *part, task)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    for one, other in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert any(gradient.any() for gradient in gradients)


def test_a_batch_without_any_label_costs_nothing(model, rows):
    labels = {name: np.full(ROWS, np.nan, "float32") for name in ("rating", "like")}
    for task in ("rating", "like", "retrieval"):
        loss, gradients = _losses_and_gradients(model, rows(ROWS), labels, task)
        assert loss == 0
        assert not any(gradient.any() for gradient in gradients), task


def test_only_positive_rows_are_queries(model, rows):
    inputs, labels = rows(ROWS), _labels(ROWS)
    seen = {}

    def loss(query, candidate, weight, probability, index, temperature):
        seen.update(weight=weight.numpy(), probability=probability.numpy(),
                    temperature=temperature)
        return tf.reduce_sum(weight) * 2

    labels["like"][:2] = [np.nan, 1]
    model.retrieval_loss = loss
    model.probability = np.arange(9, dtype="float32") / 36
    losses = model.task_losses(labels, model(inputs))
    np.testing.assert_array_equal(seen["weight"], np.nan_to_num(labels["like"]))
    np.testing.assert_allclose(seen["probability"], inputs["item_index"] / 36, rtol=1e-6)
    assert seen["temperature"] == 1.0
    assert losses["retrieval"].numpy() == 2  # the mean over the positive rows


def test_every_event_is_positive_where_retrieval_has_no_label(build, rows):
    network, recipe = build(tasks={"find": {"head": "retrieval"}})
    model = MultiTaskModel(network.training, recipe, UNIFORM,
                           lambda query, candidate, weight, *rest: tf.reduce_sum(weight))
    assert model.task_losses({}, model(rows(ROWS)))["find"].numpy() == 1
    assert list(model.task_losses({}, model(rows(ROWS)))) == ["find"]


def test_an_error_counts_by_the_variance_of_its_label(network, recipe, rows):
    plain, scaled = (MultiTaskModel(network.training, recipe, UNIFORM, variances=variances)
                     for variances in (None, {"rating": 400.0}))
    inputs, labels = rows(ROWS), _labels(ROWS)
    expected = plain.task_losses(labels, plain(inputs))
    losses = scaled.task_losses(labels, scaled(inputs))
    for name, share in (("rating", 400), ("like", 1), ("retrieval", 1)):
        assert expected[name].numpy() == pytest.approx(share * losses[name].numpy(), rel=1e-5)


def test_weights_of_tasks_and_replicas_scale_the_total(network, recipe, rows):
    weights = {"fixed": {"weights": {"like": 3.0, "rating": 0.5}}}
    weighted = parse_recipe(**recipe.model_dump(mode="json") | {"balancing": weights})
    model = MultiTaskModel(network.training, weighted, UNIFORM, replicas=2)
    inputs, labels = rows(ROWS), _labels(ROWS)
    outputs = model(inputs)
    each = {n: loss.numpy() for n, loss in model.task_losses(labels, outputs).items()}
    expected = (each["retrieval"] + 0.5 * each["rating"] + 3 * each["like"]) / 2
    assert model.compute_loss(inputs, labels, outputs).numpy() == pytest.approx(expected, rel=1e-6)


def test_uncertainty_balancing_has_weights_that_learn(network, recipe, rows):
    uncertain = parse_recipe(**recipe.model_dump(mode="json") | {"balancing": "uncertainty"})
    model = MultiTaskModel(network.training, uncertain, UNIFORM)
    inputs, labels = rows(ROWS), _labels(ROWS)
    model.compute_loss(inputs, labels, model(inputs))
    names = [w.path for w in model.trainable_weights]
    assert "balance/log_variance" in [name.removeprefix("multi_task/") for name in names]
    with tf.GradientTape() as tape:
        total = model.compute_loss(inputs, labels, model(inputs))
    gradient = tape.gradient(total, model.balance.log_variance.value)
    each = model.task_losses(labels, model(inputs))
    np.testing.assert_allclose(gradient, [0.5 - each[n] for n in recipe.tasks], rtol=1e-4)


@pytest.mark.slow
def test_training_in_half_precision_with_the_loss_of_tfrs_lowers_every_loss(build, rows, policy):
    policy("mixed_float16")
    keras.utils.set_random_seed(0)
    network, recipe = build(model={"dim": 8, "dropout": 0.0}, balancing="uncertainty")
    model = MultiTaskModel(network.training, recipe, UNIFORM, tfrs_in_batch_softmax)
    model.compile(keras.optimizers.SGD(0.25, global_clipnorm=1.0))
    model.optimizer.build(model.trainable_variables)  # spares a second tracing
    inputs, labels = rows(64), _labels(64)
    labels["rating"][5:15] = np.nan
    labels["like"][10:20] = np.nan
    before = [np.array(w) for w in network.training.trainable_weights]
    data = tf.data.Dataset.from_tensor_slices((inputs, labels)).batch(32)
    history = model.fit(data, epochs=16, verbose=0).history
    assert set(history) == {"loss", "retrieval_loss", "rating_loss", "like_loss"}
    for name, values in history.items():
        assert np.isfinite(values).all(), name
        assert values[-1] < 0.97 * values[0], name
    after = network.training.trainable_weights
    for old, new in zip(before, after, strict=True):
        assert np.isfinite(new).all(), new.path
        # The context of a moment is never absent.
        assert (old != np.array(new)).any() or new.path == "context_tower/missing/token", new.path
    assert np.asarray(model.balance.log_variance).all()
