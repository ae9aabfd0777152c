"""Fits, and balances tasks' gradients, on two logical CPU devices; run by test_fit.py.

`python tests/mirrored.py CHECK ...` runs the checks that are named.
"""

import sys
import tempfile
from pathlib import Path

import pipeline.process  # noqa: F401  (prepares the process before TensorFlow is imported)
from trainer.recipe import BoundRecipe

import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras  # noqa: E402
from tiny_fit import ITEMS, tiny_data  # noqa: E402

from trainer.layers.balancing import PCGradBalance  # noqa: E402
from trainer.network.model import build_network  # noqa: E402
from trainer.recipe import parse_recipe  # noqa: E402
from trainer.training import fit  # noqa: E402
from trainer.training.multitask import MultiTaskModel  # noqa: E402
from trainer.training.optimizer import MirroredLossScale  # noqa: E402

ROWS = 32
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
DATA = tiny_data()
RAW = {n: v[:ROWS] for n, v in DATA.reader.splits["train"].items()}
BATCH = (DATA.reader.inputs(RAW), {n: RAW[f"label__{n}"] for n in ("like", "rating")})


def build(balancing: str, replicas: int) -> MultiTaskModel:
    given = DATA.recipe.model_dump()
    given["model"].update(dropout=0.0, id_dropout=0.0, user_dropout=0.0)
    recipe = parse_recipe(**{**given, "balancing": balancing})
    network = build_network(BoundRecipe(recipe, DATA.spec), DATA.user_side, DATA.item_side,
                            {"like": 0.5, "rating": 3.0}, seed=2)
    probability = np.full(ITEMS + 1, 1 / ITEMS)
    return MultiTaskModel(network.training, recipe, probability, replicas=replicas)


def expected_step() -> list[np.ndarray]:
    """The surgery on the tasks' gradients, each averaged over both halves of the batch."""
    model = build("pcgrad", 1)
    halves = []
    for rows in (slice(0, ROWS // 2), slice(ROWS // 2, ROWS)):
        inputs, labels = ({n: v[rows] for n, v in part.items()} for part in BATCH)
        with tf.GradientTape(persistent=True) as tape:
            losses = model.task_losses(labels, model(inputs, training=True))
        each = [tape.gradient(loss, [w.value for w in model.trainable_weights],
                              unconnected_gradients=tf.UnconnectedGradients.ZERO)
                for loss in losses.values()]
        halves.append([np.stack([tf.convert_to_tensor(g) for g in tasks])
                       for tasks in zip(*each, strict=True)])
    gradients = [(one + other) / 2 for one, other in zip(*halves, strict=True)]
    weights = model.recipe.loss_weights
    return [np.asarray(g) for g in PCGradBalance(weights).combine(np.ones(2), gradients)]


def mirrored(weight) -> np.ndarray:
    """Returns a weight that must be the same on both devices."""
    one, other = (np.asarray(v) for v in STRATEGY.experimental_local_results(weight.value))
    np.testing.assert_array_equal(one, other, err_msg=weight.path)
    assert np.isfinite(one).all(), weight.path
    return one


def train(
    balancing: str, precision: str, optimizer, epochs: int = 1
) -> tuple[MultiTaskModel, list, dict]:
    """Takes a step an epoch; returns the model, its weights before and the losses."""
    keras.config.set_dtype_policy(precision)
    with STRATEGY.scope():
        model = build(balancing, 2)
        model.compile(optimizer())
        model.optimizer.build(model.trainable_variables)
    before = [mirrored(w) for w in model.trainable_weights]
    data = tf.data.Dataset.from_tensor_slices(BATCH).batch(ROWS, drop_remainder=True)
    history = model.fit(data, epochs=epochs, verbose=0).history
    keras.config.set_dtype_policy("float32")
    return model, before, history


def check_surgery() -> None:
    model, before, history = train("pcgrad", "float32", lambda: keras.optimizers.SGD(1.0))
    expected = expected_step()
    assert any(np.any(step) for step in expected)
    for weight, old, step in zip(model.trainable_weights, before, expected, strict=True):
        np.testing.assert_allclose(old - mirrored(weight), step, rtol=1e-3, atol=1e-5,
                                   err_msg=weight.path)
    total = history["retrieval_loss"][0] + history["rating_loss"][0]
    np.testing.assert_allclose(history["loss"], total, rtol=1e-5)


def check_half_precision() -> None:
    model, before, _ = train(
        "gradnorm", "mixed_float16", lambda: MirroredLossScale(keras.optimizers.Adam(0.01)), 6)
    after = [mirrored(w) for w in model.trainable_weights]
    assert sum(np.any(a != b) for a, b in zip(before, after, strict=True)) > len(before) / 2
    weights = mirrored(model.balance.weight)
    assert np.any(weights != 1)
    np.testing.assert_allclose(weights.sum(), 2, rtol=1e-5)
    assert (mirrored(model.balance.first) > 0).all()


def check_fit() -> None:
    """Each fit trains a mirrored network in half precision and copies it to a plain one."""
    built = []

    def spy(*args):
        built.append((build_network(*args), tf.distribute.has_strategy()))
        return built[-1][0]

    fit.build_network = spy
    with tempfile.TemporaryDirectory() as folder:
        fitted = fit.fit_twice(tiny_data(max_epochs=1), 1, Path(folder, "logs"),
                               Path(folder, "checkpoints"), STRATEGY, "mixed_float16")
    assert [within for _, within in built] == [True, False, True, False]
    trained = built[2][0].training
    assert trained.get_layer("users").get_layer("retrieval__query").compute_dtype == "float16"
    for weight, plain in zip(
            trained.trainable_weights, fitted.network.training.trainable_weights, strict=True):
        np.testing.assert_array_equal(mirrored(weight), np.asarray(plain), err_msg=weight.path)
        assert mirrored(weight).dtype == np.float32
    assert fitted.network.user.get_layer("retrieval__query").compute_dtype == "float32"
    losses = [epoch["loss"] for name in ("first", "second") for epoch in fitted.curves[name]]
    assert len(losses) == 2 and np.isfinite(losses).all(), losses


if __name__ == "__main__":
    for check in sys.argv[1:]:
        {"surgery": check_surgery, "half precision": check_half_precision,
         "fit": check_fit}[check]()
    print("mirrored")
