"""What a network makes of encoders: columns beside a table's own, and a part of the fusion."""

import dataclasses
from collections.abc import Iterator

import keras

from schemas import Feature
from trainer.encoders.encodings import Encodings, encoded
from trainer.layers.media_towers import EncodedTower
from trainer.parts.part import Built, Materials
from trainer.parts.side import Side
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe


def encoded_features(bound: BoundRecipe, table: str) -> Iterator[Feature]:
    """Yields the features of a table that a recipe encodes."""
    encoders = bound.recipe.encoders
    yield from (f for f in bound.inputs(table) if f.modality in encoders)


def encoded_side(side: Side, encodings: Encodings, bound: BoundRecipe, table: str,
                 ids: list[str]) -> Side:
    """Adds a table's encoded columns to what the model holds of it.

    Args:
      side: What the model holds so far.
      encodings: The vectors.
      bound: The recipe, which has what is encoded.
      table: `users` or `items`.
      ids: The table's ids in order, without the unknown one.

    Returns:
      The side with the new columns.
    """
    content, owners = dict(side.content), dict(side.owners)
    tails = {}
    for feature in encoded_features(bound, table):
        modality = str(feature.modality)
        read = encodings.read(table, feature.name, ids)
        content.update(read)
        owners.update(dict.fromkeys(read, feature.name))
        if encodings.tail(modality).is_file():
            tails[modality] = str(encodings.tail(modality))
    return dataclasses.replace(side, content=content, tails=tails, owners=owners)


def encoded_part(feature: Feature, materials: Materials) -> Built:
    """Builds what reads a feature's encoded column.

    Layers of the encoder that are trained further are read anew by each build, so that each fit
    starts from the pretrained weights.
    """
    name = f"{materials.side}_{feature.name}_encoded"
    column = encoded(feature.name)
    vector, tail = materials.inputs[column], materials.table.tails.get(str(feature.modality))
    if tail is not None:
        layers = keras.saving.load_model(tail, compile=False, safe_mode=True)
        layers.trainable = True
        layers.name = f"{name}_tail"
        # As in inference: statistics of batches that hold absent values would spoil those learned.
        vector = layers(vector, training=False)
    layer = EncodedTower(materials.dim, dropout=materials.dropout, name=name)
    return Built(layer, *layer((vector, materials.inputs[columns.present(column)])))
