"""What all layers keep to: their weights learn, a rebuilt one is the same, halves are numbers."""

import keras
import numpy as np
import tensorflow as tf


def _numbers(outputs) -> list[tf.Tensor]:
    return [tf.cast(value, tf.float32) for value in keras.tree.flatten(outputs)]


def assert_learns(layer, *inputs, constant: tuple[str, ...] = (), zero: bool = False) -> None:
    """Asserts a finite gradient of every weight.

    Args:
      layer: The layer, built.
      *inputs: Its arguments.
      constant: Ends of paths of weights whose gradient may be zero.
      zero: Whether all of them may be.
    """
    random = np.random.default_rng(3)
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_sum(value * random.normal(size=value.shape))
                         for value in _numbers(layer(*inputs))])
    gradients = tape.gradient(loss, [weight.value for weight in layer.trainable_weights])
    for weight, gradient in zip(layer.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        values = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(values).all(), weight.path
        assert zero or values.any() or weight.path.endswith(constant), weight.path


def assert_rebuilt(layer, *inputs) -> None:
    """Asserts that a layer made of its configuration and weights says and is the same."""
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    again(*inputs)
    again.set_weights(layer.get_weights())
    assert again.get_config() == layer.get_config()
    for one, other in zip(_numbers(again(*inputs)), _numbers(layer(*inputs)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def weight(layer, end: str):
    """Returns the one weight of a layer whose path ends so, as in `"missing/token"`."""
    (only,) = (one for one in layer.weights if f"/{one.path}".endswith(f"/{end}"))
    return only


def shaken(layer, *inputs, scale: float = 0.7):
    """Builds a layer and gives every trainable weight a value that matters; returns it."""
    layer(*inputs)
    random = np.random.default_rng(1)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(scale=scale, size=weight.shape))
    return layer
