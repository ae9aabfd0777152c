"""Encoded columns beside a table's own: what the model holds of a table with its encoders."""

import dataclasses
from collections.abc import Iterator

from schemas import Feature, FeatureSpec
from trainer.data.side import Side
from trainer.encoders.encodings import Encodings
from trainer.recipe import Recipe


def encoded_features(spec: FeatureSpec, recipe: Recipe, table: str) -> Iterator[Feature]:
    """Yields the features of a table that a recipe encodes."""
    encoders = recipe.encoders
    yield from (f for f in spec.inputs(table, recipe.modalities, recipe.labels)
               if f.modality in encoders)


def encoded_side(side: Side, encodings: Encodings, spec: FeatureSpec, recipe: Recipe, table: str,
                 ids: list[str]) -> Side:
    """Adds a table's encoded columns to what the model holds of it.

    Args:
      side: What the model holds so far.
      encodings: The vectors.
      spec: The dataset's spec.
      recipe: The recipe, which tells what is encoded.
      table: `users` or `items`.
      ids: The table's ids in order, without the unknown one.

    Returns:
      The side with the new columns.
    """
    content, owners = dict(side.content), dict(side.owners)
    tails = {}
    for feature in encoded_features(spec, recipe, table):
        modality = str(feature.modality)
        encoded = encodings.read(table, feature.name, ids)
        content.update(encoded)
        owners.update(dict.fromkeys(encoded, feature.name))
        if encodings.tail(modality).is_file():
            tails[modality] = str(encodings.tail(modality))
    return dataclasses.replace(side, content=content, tails=tails, owners=owners)
