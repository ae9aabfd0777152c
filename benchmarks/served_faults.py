"""Which of the requests that are built or changed wrong a server may serve, and why."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from serving import wire
from serving.signature import COUNT, DEFAULT_SIGNATURE
from serving.tensors import DTYPES, STRING

_UNKNOWN = "an id, a word or a category that the model does not know"
_DAMAGED = "a picture, a sound or a video that cannot be read counts as absent"
_NUMBER = "a number that no user has, yet one"
# The documented defaults, by what `malformed` calls the fault; all others must be refused.
DEFAULTS = {
    "zero": _NUMBER, "largest": _NUMBER, "smallest": _NUMBER, "10^9": _NUMBER, "3e38": _NUMBER,
    "-3e38": _NUMBER, "-1": "an absent number",
    "no UTF-8": _UNKNOWN, "a megabyte": _UNKNOWN, "NUL": _UNKNOWN,
    "an Example of nonsense": _UNKNOWN, "half a JPEG": _DAMAGED, "a WebP": _DAMAGED,
    "a GIF's start": _DAMAGED, "a sound that is none": _DAMAGED,
    "strings too": "one value counts for all", "half of the content": "one value counts for all",
    "an empty label": "no label",
}
# A count is at least 1, and bytes that are no Example have no default.
_WITHOUT_DEFAULTS = {COUNT, "examples"}
_NO_VALUES = {"dtype", "tensor_shape", "version_number"}
_OF_EVERY_INPUT = {"strings too", "half of the content"}


def may_be_served(fault: str) -> bool:
    """Returns whether a response is a documented default.

    Args:
      fault: As `malformed` yields it: `signature, input: what is wrong`.
    """
    where, _, what = fault.rpartition(": ")
    return what in DEFAULTS and (what in _OF_EVERY_INPUT
                                 or where.rpartition(", ")[2] not in _WITHOUT_DEFAULTS)


def well_formed(data: bytes, signatures: Mapping[str, Any]) -> bool:
    """Returns whether bytes are still a request that a server may serve.

    It is judged here by other means than the server's.

    Args:
      data: A `PredictRequest`, or what was one.
      signatures: The model's `SignatureDef`s by name.
    """
    try:
        request: Any = wire.message("PredictRequest").FromString(data)
    except DecodeError:
        return False
    spec = request.model_spec
    signature = signatures.get(spec.signature_name or DEFAULT_SIGNATURE)
    if signature is None or spec.name != "tessera" or spec.version_label or (
            spec.HasField("version") or set(request.inputs) != set(signature.inputs)
            or not set(request.output_filter) <= set(signature.outputs)):
        return False
    read = {key: _values(request.inputs[key], info) for key, info in signature.inputs.items()}
    rows = {0 if values is None else len(values) for values in read.values()}
    return len(rows) == 1 and 0 not in rows and all(
        _possible(key, values) for key, values in read.items())


def _values(tensor: Any, info: Any) -> np.ndarray | None:
    """Returns a tensor's values in its shape, or nothing where they do not fit the signature."""
    sizes = [one.size for one in tensor.tensor_shape.dim]
    free = [one.size for one in info.tensor_shape.dim]
    if tensor.dtype != info.dtype or tensor.tensor_shape.unknown_rank or len(sizes) != len(free):
        return None
    if any(size < 0 or size > 2**20 for size in sizes) or math.prod(sizes) > 2**20:
        return None
    dtype = DTYPES[info.dtype]
    filled = {one.name for one, _ in tensor.ListFields()} - _NO_VALUES
    if len(filled) != 1 or not filled <= {dtype.field, "tensor_content"}:
        return None
    values = list(getattr(tensor, dtype.field))
    if tensor.tensor_content and info.dtype != STRING:
        if len(tensor.tensor_content) % np.dtype(dtype.numpy).itemsize:
            return None
        values = np.frombuffer(tensor.tensor_content, dtype.numpy).tolist()
    if len(values) == 1:
        values *= math.prod(sizes)
    if len(values) != math.prod(sizes):
        return None
    array = np.empty(len(values), dtype.numpy)
    array[:] = values
    return array.reshape(sizes)


def _possible(key: str, values: Any) -> bool:
    if key == COUNT:
        return bool((values >= 1).all())
    if key == "examples":
        return all(map(_is_example, values))
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def _is_example(data: bytes) -> bool:
    import tensorflow as tf

    try:
        tf.train.Example.FromString(data)
    except DecodeError:
        return False
    return True
