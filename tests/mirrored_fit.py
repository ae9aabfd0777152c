"""Trains on two logical CPU devices, in float32 and in mixed_float16; run by test_fit.py."""

import tempfile
from pathlib import Path

import pipeline.environment  # noqa: F401  (prepares the process before TensorFlow is imported)

import numpy as np  # isort: skip
import tensorflow as tf  # isort: skip

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from tiny_fit import tiny_data  # noqa: E402

from trainer import fit  # noqa: E402


def check(precision: str, folder: Path) -> None:
    """Fits twice and looks at the weights on both devices."""
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    built = []
    build = fit.build_network

    def spy(*args):
        built.append((build(*args), tf.distribute.has_strategy()))
        return built[-1][0]

    fit.build_network = spy
    try:
        data = tiny_data(max_epochs=1)
        fitted = fit.fit_twice(
            data, 1, folder / "logs", folder / "checkpoints", strategy, precision)
    finally:
        fit.build_network = build
    # Each fit trains a mirrored network and copies it to a plain one.
    assert [mirrored for _, mirrored in built] == [True, False, True, False]
    trained = built[2][0].training
    assert trained.get_layer("query").compute_dtype == precision.removeprefix("mixed_")
    for weight, plain in zip(
        trained.trainable_weights, fitted.network.training.trainable_weights, strict=True
    ):
        one, other = (np.asarray(v) for v in strategy.experimental_local_results(weight.value))
        np.testing.assert_array_equal(one, other, err_msg=weight.path)
        np.testing.assert_array_equal(one, np.asarray(plain), err_msg=weight.path)
        assert one.dtype == np.float32 and np.isfinite(one).all(), weight.path
    assert fitted.network.query.compute_dtype == "float32"
    losses = [value for file in (folder / "logs").rglob("events.out.tfevents.*")
              for event in tf.compat.v1.train.summary_iterator(str(file))
              for v in event.summary.value if v.tag == "epoch_loss"
              for value in [float(tf.make_ndarray(v.tensor))]]
    assert len(losses) == 2 and np.isfinite(losses).all(), losses


if __name__ == "__main__":
    for name in ("float32", "mixed_float16"):
        with tempfile.TemporaryDirectory() as temporary:
            check(name, Path(temporary))
        print(name)
