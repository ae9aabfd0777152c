"""What TFX's Transform component calls for each of the three tables."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature, FeatureSpec, parse_spec
from trainer.behaviour import declarations
from trainer.behaviour.interactions import interaction_columns, label_columns
from trainer.behaviour.past import Past
from trainer.modalities import modality_of
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, check_made
from trainer.preprocessing.raw import as_string, one

Tensors = dict[str, tf.Tensor]


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> Tensors:
    """Turns the raw columns of one table into model inputs.

    Args:
      inputs: Raw columns by name, dense where the schema fixes the shape, else sparse.
      custom_config: `spec` (name and texts), `side`, `modalities`, the options
        that Transform reads by modality; for the interactions `past`, the fields of `Past`.

    Returns:
      Dense columns by name, those that `declared_columns` declares.
    """
    made = _columns(inputs, parse_spec(**custom_config["spec"]), custom_config)
    check_made(made, declared_columns(custom_config))
    return made


def declared_columns(custom_config: dict[str, Any]) -> list[Column]:
    """Declares the columns that `preprocessing_fn` makes, given the same configuration."""
    spec, side = parse_spec(**custom_config["spec"]), custom_config["side"]
    if side == "interactions":
        return list(declarations.interaction_columns(spec, _past(custom_config)))
    declared = [*declarations.identity_columns(spec, side), *declarations.label_columns(spec, side)]
    for feature, options in _read(spec, custom_config):
        declared += modality_of(feature).columns(feature, options)
    return declared


def _columns(inputs: dict[str, Any], spec: FeatureSpec, custom_config: dict[str, Any]) -> Tensors:
    side = custom_config["side"]
    if side == "interactions":
        return interaction_columns(inputs, spec, _past(custom_config))
    outputs = {**_identity(inputs, spec, side), **label_columns(inputs, spec, side)}
    for feature, options in _read(spec, custom_config):
        outputs.update(modality_of(feature).preprocess(inputs[feature.name], feature, options))
    return outputs


def _past(custom_config: dict[str, Any]) -> Past:
    return Past(**custom_config.get("past", {}))


def _read(
    spec: FeatureSpec, custom_config: dict[str, Any]
) -> Iterator[tuple[Feature, dict[str, Any]]]:
    """Yields the features that are read, each with the options of its modality."""
    for feature in spec.inputs(custom_config["side"], custom_config["modalities"]):
        yield feature, custom_config["modalities"][str(feature.modality)]


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
