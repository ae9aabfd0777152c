"""Encodes the content of items that are not in the catalogue, inside the exported model."""

import logging
from typing import Any

import tensorflow as tf

from schemas import Feature, FeatureSpec
from trainer.encoders.columns import encoded_features
from trainer.encoders.encodings import Encodings
from trainer.preprocessing.column import Purpose
from trainer.recipe import Recipe

log = logging.getLogger("tessera.exporter")


class ItemEncoders(tf.Module):
    """The pretrained encoders that a stock server can run.

    Args:
      spec: The dataset's spec.
      recipe: What is encoded.
      encodings: MediaEncoder's artifact; `None` where the recipe has no encoders.
    """

    def __init__(self, spec: FeatureSpec, recipe: Recipe, encodings: Encodings | None):
        super().__init__(name="item_encoders")
        self._features: tuple[Feature, ...] = ()
        self._names: dict[str, tuple[str, str]] = {}
        self._modules: dict[str, Any] = {}
        if encodings is not None:
            self._features = tuple(encoded_features(spec, recipe, "items"))
            self._load(encodings)

    def _load(self, encodings: Encodings) -> None:
        manifest = encodings.manifest()
        for feature in self._features:
            declared = encodings.columns("items", feature.name)
            self._names[feature.name] = (
                declared[Purpose.VECTOR].name, declared[Purpose.PRESENT].name)
        for modality in sorted({str(feature.modality) for feature in self._features}):
            foreign = manifest[modality]["foreign"]
            if foreign:
                log.warning(
                    "The %s encoder has operations that a stock server lacks (%s): the exported "
                    "model knows the catalogue's items by their stored vectors, and treats this "
                    "part of a new item as missing.", modality, ", ".join(foreign))
            else:
                self._modules[modality] = tf.saved_model.load(str(encodings.module(modality)))

    def columns(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the columns of raw items that can be encoded, by the schema's names."""
        result = {}
        for feature in self._features:
            module = self._modules.get(str(feature.modality))
            if module is None:
                continue
            value = raw[feature.name]
            encoded = module.encode(value if feature.scalar else value[:, 0])
            vector, present = self._names[feature.name]
            result[vector], result[present] = encoded["vector"], encoded["present"]
        return result
