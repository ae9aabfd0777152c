"""The part of the fusion that comes from a pretrained encoder."""

import keras

from schemas import Feature
from trainer.layers.media_towers import EncodedTower
from trainer.network.part import Built, Materials
from trainer.preprocessing import columns


def encoded_part(feature: Feature, materials: Materials) -> Built:
    """Builds what reads a feature's encoded column.

    Layers of the encoder that are trained further are read anew by each build, so that each fit
    starts from the pretrained weights.
    """
    name = f"{materials.side}_{feature.name}_encoded"
    column = columns.encoded(feature.name)
    vector, tail = materials.inputs[column], materials.table.tails.get(str(feature.modality))
    if tail is not None:
        layers = keras.saving.load_model(tail, compile=False, safe_mode=True)
        layers.trainable = True
        layers.name = f"{name}_tail"
        # As in inference: statistics of batches that hold absent values would spoil those learned.
        vector = layers(vector, training=False)
    layer = EncodedTower(materials.dim, dropout=materials.dropout, name=name)
    return Built(layer, *layer((vector, materials.inputs[columns.present(column)])))
