"""What TFX's Transform component calls for each of the three tables."""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import FeatureSpec, parse_spec
from trainer.preprocessing import columns
from trainer.preprocessing.interactions import interaction_columns
from trainer.preprocessing.labels import label_columns
from trainer.preprocessing.modalities import MODALITY_TRANSFORMS
from trainer.preprocessing.past import Past
from trainer.preprocessing.raw import as_string, one

Tensors = dict[str, tf.Tensor]


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> Tensors:
    """Turns the raw columns of one table into model inputs.

    Args:
      inputs: Raw columns by name, dense where the schema fixes the shape, else sparse.
      custom_config: `spec` (name and texts), `side`, `modalities` and the recipe's
        `preprocessing` options by modality; for the interactions `past`, the fields of `Past`.

    Returns:
      Dense columns by name, see `trainer.preprocessing.columns`.
    """
    spec = parse_spec(**custom_config["spec"])
    side = custom_config["side"]
    if side == "interactions":
        return interaction_columns(inputs, spec, Past(**custom_config.get("past", {})))
    outputs = {**_identity(inputs, spec, side), **label_columns(inputs, spec, side)}
    for feature in spec.inputs(side, tuple(custom_config["modalities"])):
        options = custom_config["preprocessing"].get(feature.modality, {})
        transform = MODALITY_TRANSFORMS[str(feature.modality)]
        outputs.update(transform(inputs[feature.name], feature, **options))
    return outputs


def _identity(inputs: dict[str, Any], spec: FeatureSpec, side: str) -> Tensors:
    feature = spec.id_key(side)
    identity = one(inputs[feature.name])
    # By descending weight: integers in ascending order.
    weights = -tf.cast(identity, tf.float32) if feature.dtype is int else None
    text = as_string(identity)
    vocabulary = tft.vocabulary(text, weights=weights, vocab_filename=columns.INDEX)
    outputs = {columns.INDEX: tft.apply_vocabulary(text, vocabulary)}
    events = spec.event_count(side)
    if events:
        outputs[columns.EVENTS] = tf.maximum(one(inputs[events.name]), 0)
    return outputs
