"""What a network makes of an item's raw content, whether it is in the catalogue or not."""

import logging
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature
from trainer.encoders.encodings import Encodings
from trainer.export.requests import RawContent
from trainer.export.traced import TracedModel
from trainer.layers.lookup import TableLookup
from trainer.network.encoded import encoded_features
from trainer.preprocessing import columns
from trainer.preprocessing.column import Purpose
from trainer.recipe import BoundRecipe

log = logging.getLogger("tessera.exporter")
Tensors = dict[str, tf.Tensor]


class ItemEncoders(tf.Module):
    """The pretrained encoders that a stock server can run.

    Args:
      bound: What is encoded.
      encodings: MediaEncoder's artifact; `None` where the recipe has no encoders.
    """

    def __init__(self, bound: BoundRecipe, encodings: Encodings | None):
        super().__init__(name="item_encoders")
        self._features: tuple[Feature, ...] = ()
        self._names: dict[str, tuple[str, str]] = {}
        self._modules: dict[str, Any] = {}
        if encodings is not None:
            self._features = tuple(encoded_features(bound, "items"))
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


class RawItem(tf.Module):
    """Reads the raw content of items.

    Args:
      bound: The recipe that the network was built from.
      model: Maps an item's columns to what the network makes of them.
      lookup: Reads a stored column of items, by column.
      transform: The output of the items' transform.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.
    """

    def __init__(self, bound: BoundRecipe, model: TracedModel, lookup: dict[str, TableLookup],
                 transform: tft.TFTransformOutput, encodings: Encodings | None):
        super().__init__(name="raw_item")
        self._content = RawContent(bound, "items", transform)
        self._encoders = ItemEncoders(bound, encodings)
        self._model, self._lookup = model, lookup

    def signature(self) -> dict[str, tf.TensorSpec]:
        """Returns the inputs, by the schema's names; '' and -1 mean absent."""
        return self._content.signature()

    def inputs(self, raw: Tensors, index: tf.Tensor) -> Tensors:
        """Returns the item model's inputs for raw content.

        What it does not give are stored columns, empty for an unknown item: reviews, and vectors
        of encoders that a stock server cannot run.

        Args:
          raw: The content.
          index: Item indices, `(batch,)`, 0 for an unknown item.
        """
        raw = self._content.readable(raw)
        content = {**self._content.columns(raw), **self._encoders.columns(raw),
                   columns.ITEM_INDEX: index}
        return {n: content[n] if n in content else self._lookup[n](index)
                for n in self._model.dtypes}

    def unknown(self, raw: Tensors) -> Tensors:
        """Returns the item side's outputs for the raw content of unknown items."""
        index = tf.zeros(tf.shape(next(iter(raw.values())))[:1], tf.int32)
        return self._model(self.inputs(raw, index))
