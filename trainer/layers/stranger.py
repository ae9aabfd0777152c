"""Training for visitors of whom nothing is known."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class StrangerDropout(keras.layers.Layer):
    """Turns a share of a batch's users into strangers while training.

    Without it no training row lacks everything at once, and what the model says of an unknown
    visitor would be an extrapolation.

    Args:
      rate: Share of rows.
      seed: Seed of the choice.
    """

    def __init__(self, rate: float, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        """Zeroes chosen rows of every tensor of a dictionary, `(batch, ...)`, 0 being absent."""
        if not training or not self.rate:
            return inputs
        batch = ops.shape(next(iter(inputs.values())))[0]
        kept = keras.random.uniform((batch,), seed=self._random) >= self.rate

        def hide(tensor):
            mask = ops.reshape(ops.cast(kept, tensor.dtype), (-1, *[1] * (len(tensor.shape) - 1)))
            return tensor * mask

        return {name: hide(tensor) for name, tensor in inputs.items()}

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
