"""Which layers of a network read which part of a user or an item, and how."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature, FeatureSpec
from trainer.model import Network
from trainer.preprocessing import columns
from trainer.recipe import Recipe
from trainer.text import text_vocabularies

UNKNOWN = "?"  # stands for all unknown terms; no word, for punctuation is none
IDS = "ids"  # the kind of what is known by id: somebody, an item, a history of items
_SECOND = {"text": columns.characters, "audio": columns.mfcc}
_TOWERS_OF_IDS = {
    "user_id": "id", "item_id": "id", "user_factors": "id", "item_factors": "id",
    "history_tower": "history", "review_tower": "reviews", "item_review_tower": "item_reviews"}


@dataclass(frozen=True)
class Reader:
    """A tower.

    Attributes:
      layer: The tower.
      side: `users` or `items`.
      part: What it reads, by the name of its modality weight.
      kind: The modality; or `topics`, `sentiment`, `encoded`, `ids`.
      terms: What the indices of its embeddings mean, for each embedding; none of ids.
    """

    layer: keras.layers.Layer
    side: str
    part: str
    kind: str
    terms: tuple[tf.Variable, ...] = ()

    @property
    def by_index(self) -> bool:
        """Whether it embeds what it reads; else it reads numbers."""
        return self.kind in (IDS, "text", "categorical")

    def outputs(self) -> list[str]:
        """Returns the names of what can be said of its inputs, one after the other."""
        names = [self.part]
        if self.kind in _SECOND:
            names.append(_SECOND[self.kind](self.part))
        return [f"{self.side}_{name}" for name in names]


def readers(spec: FeatureSpec, recipe: Recipe, network: Network,
            transforms: dict[str, tft.TFTransformOutput]) -> Iterator[Reader]:
    """Yields the towers whose inputs a gradient reaches.

    Visual words are left out: a patch is one word or another, and no gradient tells how nearly.

    Args:
      spec: The dataset's spec.
      recipe: What the network reads.
      network: The network.
      transforms: The outputs of the transforms, by table, which know the vocabularies.
    """
    for side, model in (("users", network.user), ("items", network.item)):
        towers = {layer.name: layer for layer in model.layers}
        for name, part in _TOWERS_OF_IDS.items():
            if name in towers:
                yield Reader(towers[name], side, part, IDS)
        for feature in spec.inputs(side, recipe.modalities, recipe.labels):
            modality, name = str(feature.modality), f"{side}_{feature.name}"
            stepped = modality == "image" and recipe.model.towers.image == "visual_words"
            if name in towers and not stepped:
                terms = tuple(_terms(feature, recipe, transforms[side]))
                yield Reader(towers[name], side, feature.name, modality, terms)
            for kind in ("topics", "sentiment", "encoded"):
                if f"{name}_{kind}" in towers:
                    yield Reader(towers[f"{name}_{kind}"], side, f"{feature.name}_{kind}", kind)


def _terms(feature: Feature, recipe: Recipe, transform) -> Iterator[tf.Variable]:
    if feature.modality == "categorical":
        names = [feature.name]
    elif feature.modality == "text":
        names = list(text_vocabularies(feature, recipe, transform))
    else:
        return
    for name in names:
        # As Transform counts: 0 is none, and the unknown come last.
        known = [b"", *transform.vocabulary_by_name(name), UNKNOWN.encode()]
        yield tf.Variable(np.array(known, dtype=object), trainable=False)
