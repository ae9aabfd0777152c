"""A Keras model that all signatures share: traced once, saved once, loaded once."""

import keras
import tensorflow as tf

Tensors = dict[str, tf.Tensor]


class TracedModel(tf.Module):
    """One function around a model for inference.

    A signature that calls the model itself has a copy of all its operations, and the export has a
    dozen signatures.

    Args:
      model: Maps a dictionary of inputs to a dictionary of outputs.
    """

    def __init__(self, model: keras.Model):
        super().__init__(name=f"traced_{model.name}")
        self.untraced = model
        self.dtypes = {tensor.name: tensor.dtype for tensor in model.inputs}
        inputs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name)
                  for tensor in model.inputs}
        self._traced = tf.function(
            lambda tensors: model(tensors, training=False), [inputs], autograph=False,
        ).get_concrete_function()

    def __call__(self, inputs: Tensors) -> Tensors:
        """Returns the model's outputs; `inputs` may have further names."""
        return self._traced(
            {name: tf.cast(inputs[name], dtype) for name, dtype in self.dtypes.items()})
