"""The tower of a pretrained encoder's vectors."""

import keras

from trainer.layers.towers import Tower


@keras.saving.register_keras_serializable("tessera")
class EncodedTower(Tower):
    """A small network over a vector that a pretrained encoder made.

    Encoders differ in the length of their vectors, hence the normalization before it.
    """

    def __init__(self, dim, **kwargs):
        super().__init__(dim, **kwargs)
        self._level = keras.layers.LayerNormalization(name="level")
        self._hidden = keras.layers.Dense(dim, activation="gelu", name="hidden")
        self._project = keras.layers.Dense(dim, name="project")

    def call(self, inputs, training=None):
        """Maps `(vectors (batch, width), present (batch,))` to vectors of the tower's width."""
        vectors, present = inputs
        hidden = self._hidden(self._level(vectors))
        return self.finish(self._project(hidden), present, training)
