"""The part of the fusion that comes from a pretrained encoder."""

import keras

from trainer.layers.encoded_tower import EncodedTower
from trainer.preprocessing import columns
from trainer.recipe import ModelOptions


def encoded_part(feature: str, options: ModelOptions, tail: str | None, inputs, name: str):
    """Builds what reads a feature's encoded column.

    Args:
      feature: The feature's name.
      options: The network's shape.
      tail: File of the encoder's layers that are trained further, `None` without fine-tuning. Each
        build reads it anew, so that each fit starts from the pretrained weights.
      inputs: The content inputs by column.
      name: Name of the tower.

    Returns:
      A vector `(batch, dim)` and a flag `(batch,)`.
    """
    column = columns.encoded(feature)
    vector = inputs[column]
    if tail is not None:
        layers = keras.saving.load_model(tail, compile=False)
        layers.trainable = True
        layers.name = f"{name}_tail"
        # As in inference: statistics of batches that hold absent values would spoil those learned.
        vector = layers(vector, training=False)
    tower = EncodedTower(options.dim, dropout=options.dropout, name=name)
    return tower((vector, inputs[columns.present(column)]))
