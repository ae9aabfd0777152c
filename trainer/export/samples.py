"""One request for each signature, to warm up with and to record; and what a server may log."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from schemas import FeatureSpec
from serving import filters, wire
from serving.model_files import WARM_UP
from serving.request_log import HISTORIES_FILE
from serving.signature import COUNT
from serving.tensors import tensor_proto
from trainer.data.tables import Table
from trainer.export.requests import USER_ID, history_key

_ITEMS = 5
_LISTS = {bytes: "bytes_list", int: "int64_list", float: "float_list"}
Requests = dict[str, dict[str, np.ndarray]]


class SampleRequests:
    """Makes requests of two rows: known ids without content, and unknown ones with some.

    Args:
      spec: The dataset's spec.
      users: The users table.
      items: The items table.
      raw: How a raw interaction is parsed, by column.
    """

    def __init__(self, spec: FeatureSpec, users: Table, items: Table, raw: Mapping[str, Any]):
        known = {spec.role("user_id").name: users.ids[0], spec.role("item_id").name: items.ids[0]}
        some = [(items.ids * _ITEMS)[:_ITEMS], [""] * _ITEMS]
        unknown = {name: "0" for name in known}
        self._restricting = {filters.ALLOWED, *(
            filters.allowed_key(one.name) for one in spec.table("items") if one.categories)}
        self._known: dict[str, Any] = {
            USER_ID: [users.ids[0], ""], "item_id": [items.ids[0], ""], "candidates": some,
            COUNT: [_ITEMS, 1], "index": [0, -1], "task": ["", ""],
            filters.BLOCKED: [[""], items.ids[:1]], filters.BOOSTED: [[""], items.ids[-1:]],
            filters.BOOSTS: [[-1], [0.5]], filters.DIVERSITY: [-1, 0.5],
            filters.EXCLUDE_SEEN: [-1, 0],
            "examples": [_example(spec, raw, known), _example(spec, raw, unknown)]}

    def __call__(self, signatures: Mapping[str, Any]) -> Requests:
        """Returns a request for each signature, given concrete functions by signature."""
        return {name: self._of(function.structured_input_signature[1])
                for name, function in signatures.items()}

    def _of(self, inputs: Mapping[str, tf.TensorSpec]) -> dict[str, np.ndarray]:
        arrays = {}
        for name, spec in inputs.items():
            string = spec.dtype == tf.string
            values = np.array([b"" if string else -1, b"a" if string else 1],
                              object if string else spec.dtype.as_numpy_dtype)
            values = values.reshape([2] + [1] * (spec.shape.rank - 1))
            given = np.array(self._known.get(name, b""))
            if given.ndim == spec.shape.rank and (given.dtype.kind in "SU") == string:
                values = np.array(self._known[name], values.dtype)
            elif name in self._restricting:
                values[1] = values[0]  # an unknown value would let nothing through
            arrays[name] = values
        return arrays


def write_warm_up(requests: Requests, folder: Path) -> None:
    """Writes what a stock server asks a model before anybody else does.

    Args:
      requests: A request by signature.
      folder: The model's folder.
    """
    path = folder / WARM_UP
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, inputs in requests.items():
            log = wire.message("PredictionLog")()
            request = log.predict_log.request
            request.model_spec.signature_name = name
            for key, values in inputs.items():
                request.inputs[key].CopyFrom(tensor_proto(values))
            writer.write(log.SerializeToString())


def write_logged_histories(spec: FeatureSpec, folder: Path) -> None:
    """Writes which inputs of histories a server may log: neither texts nor personal data.

    Args:
      spec: The dataset's spec.
      folder: The model's folder.
    """
    sources = {what: spec.history_source(what) for what in spec.histories()}
    names = [history_key(what) for what, source in sources.items()
             if not source.language and not source.pii]
    path = folder / HISTORIES_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(names), encoding="utf-8")


def _example(spec: FeatureSpec, raw: Mapping[str, Any], given: Mapping[str, str]) -> bytes:
    """Returns a raw interaction of which some columns are given and the rest is absent."""
    example = tf.train.Example()
    for feature in spec.table("interactions"):
        if feature.name in given or isinstance(raw.get(feature.name), tf.io.FixedLenFeature):
            value = given.get(feature.name, "0")
            getattr(example.features.feature[feature.name], _LISTS[feature.dtype]).value.append(
                value.encode() if feature.dtype is bytes else feature.dtype(value))
    return example.SerializeToString()
