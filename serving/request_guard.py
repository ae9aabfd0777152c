"""What a request must be before TensorFlow sees anything of it.

TensorFlow trusts a tensor's claimed shape: one of unknown rank aborts the process, and a few bytes
can claim gigabytes. So everything is judged by what the message claims, before memory is taken.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from schemas.errors import InputError
from serving.message_limits import MAX_MESSAGE_BYTES
from serving.signature import describe, shape_text


@dataclass(frozen=True)
class RequestLimits:
    """How much one request may ask for; what is more is asked for in several requests.

    Attributes:
      rows: Most rows.
      elements: Most values of one input, over all rows.
      value_bytes: Most bytes of one input once it is in memory.
    """

    rows: int = 1024
    elements: int = 32_768
    value_bytes: int = MAX_MESSAGE_BYTES


LIMITS = RequestLimits()


def checked_inputs(
    name: str,
    expected: Mapping[str, meta_graph_pb2.TensorInfo],
    given: Mapping[str, tensor_pb2.TensorProto],
    limits: RequestLimits = LIMITS,
) -> dict[str, np.ndarray]:
    """Reads the inputs of a request.

    Args:
      name: The signature.
      expected: Its inputs; the first dimension of each is the row.
      given: The request's.
      limits: How much it may ask for.

    Returns:
      Arrays by input, all with as many rows.

    Raises:
      InputError: An input is missing, unknown, of another dtype or shape, too large, not finite,
        or holds another number of values than its shape claims; or rows are not equally many.
    """
    faults = []
    if missing := sorted(set(expected) - set(given)):
        faults.append(f"missing {', '.join(missing)}")
    if unexpected := sorted(set(given) - set(expected)):
        faults.append(f"unexpected {', '.join(unexpected)}")
    both = sorted(set(expected) & set(given))
    for key in both:
        faults += _claim_faults(key, expected[key], given[key], limits)
    faults = faults or _row_faults({key: given[key] for key in both})
    if faults:
        raise InputError(
            "inputs-do-not-fit",
            f"The inputs do not fit signature {name!r}: {'; '.join(faults)}. "
            f"Expected: {describe(expected)}."
        )
    arrays = {key: _array(name, key, given[key], expected) for key in both}
    for key, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(
                "input-not-finite",
                f"Input {key} of signature {name!r} holds a number that is not finite (NaN or "
                "infinity). Send -1 for an absent value."
            )
    return arrays


def _claim_faults(
    key: str,
    expected: meta_graph_pb2.TensorInfo,
    given: tensor_pb2.TensorProto,
    limits: RequestLimits,
) -> list[str]:
    if given.dtype != expected.dtype:
        wanted = tf.dtypes.as_dtype(expected.dtype).name
        return [f"{key} must be {wanted}, not {_dtype_name(given.dtype)}"]
    sizes = [dim.size for dim in given.tensor_shape.dim]
    wanted_sizes = [dim.size for dim in expected.tensor_shape.dim]
    fits = (
        not given.tensor_shape.unknown_rank
        and len(sizes) == len(wanted_sizes)
        and all(size >= 0 and (wanted < 0 or size == wanted)
                for size, wanted in zip(sizes, wanted_sizes, strict=True))
    )
    if not fits:
        claimed = "(...)" if given.tensor_shape.unknown_rank else f"({', '.join(map(str, sizes))})"
        return [f"{key} must have shape {shape_text(expected.tensor_shape)}, not {claimed}"]
    if sizes and sizes[0] > limits.rows:
        return [f"{key} has {sizes[0]} rows, more than {limits.rows} a request"]
    elements = math.prod(sizes)
    if elements > limits.elements:
        return [f"{key} has {elements} values, more than {limits.elements} a request"]
    if _bytes_in_memory(given, elements) > limits.value_bytes:
        return [f"{key} is larger than {limits.value_bytes >> 20} MiB"]
    return []


def _bytes_in_memory(given: tensor_pb2.TensorProto, elements: int) -> int:
    """Returns the bytes of a tensor's strings; the last one counts for all that are left out."""
    strings = given.string_val
    if not strings:
        return 0
    return sum(map(len, strings)) + max(elements - len(strings), 0) * len(strings[-1])


def _row_faults(given: Mapping[str, tensor_pb2.TensorProto]) -> list[str]:
    rows = {key: tensor.tensor_shape.dim[0].size for key, tensor in given.items()
            if tensor.tensor_shape.dim}
    if len(set(rows.values())) < 2:
        return []
    return ["all inputs must have as many rows, not "
            + ", ".join(f"{count} of {key}" for key, count in rows.items())]


def _array(
    name: str, key: str, given: tensor_pb2.TensorProto,
    expected: Mapping[str, meta_graph_pb2.TensorInfo],
) -> np.ndarray:
    try:
        return tf.make_ndarray(given)
    except (TypeError, ValueError) as error:
        raise InputError(
            "input-misshapen",
            f"Input {key} of signature {name!r} holds another number of values than its shape "
            f"says: {error}. Expected: {describe(expected)}."
        ) from error


def _dtype_name(dtype: int) -> str:
    try:
        return tf.dtypes.as_dtype(dtype).name
    except TypeError:
        return f"dtype {dtype}"
