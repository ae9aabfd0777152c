"""What a request must be before TensorFlow sees anything of it.

TensorFlow trusts a tensor's claimed shape: one of unknown rank aborts the process, and a few bytes
can claim gigabytes. So everything is judged by what the message claims, before memory is taken.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.errors import InputError
from serving import filters
from serving.pictures import MAX_PIXELS, pixels
from serving.signature import COUNT, absent, describe, histories, shape_text
from serving.tensors import DTYPES, dtype_name, ndarray
from serving.wire import MAX_MESSAGE_BYTES


@dataclass(frozen=True)
class RequestLimits:
    """How much one request may ask for; what is more is asked for in several requests.

    Attributes:
      inputs: Most inputs.
      rows: Most rows.
      elements: Most values of one input, over all rows; also most results of all rows.
      value_bytes: Most bytes of one input once it is in memory, and of all outputs.
    """

    inputs: int = 1000
    rows: int = 1024
    elements: int = 32_768
    value_bytes: int = MAX_MESSAGE_BYTES


LIMITS = RequestLimits()


def checked_inputs(
    name: str, signature: Any, given: Mapping[str, Any], limits: RequestLimits = LIMITS
) -> dict[str, np.ndarray]:
    """Reads the inputs of a request.

    Args:
      name: The signature's name.
      signature: The `SignatureDef`; the first dimension of each tensor is the row.
      given: The request's `TensorProto`s.
      limits: How much it may ask for.

    Returns:
      Arrays by input, all with as many rows, at least one.

    Raises:
      InputError: An input is missing, unknown, of another dtype or shape, too large, not finite,
        or holds another number of values than its shape claims; rows are not equally many; the
        histories do not correspond; a picture has too many pixels; or the result would be too
        large.
    """
    expected = signature.inputs
    if len(given) > limits.inputs:  # too many to look at
        raise _misfit(name, expected, [f"{len(given)} inputs, more than {limits.inputs}"])
    faults = []
    if missing := sorted(set(expected) - set(given)):
        faults.append(f"missing {', '.join(missing)}")
    if unexpected := sorted(set(given) - set(expected)):
        faults.append(f"unexpected {_names(unexpected)}")
    both = sorted(set(expected) & set(given))
    for key in both:
        faults += _claim_faults(key, expected[key], given[key], limits)
    faults = faults or _row_faults({key: given[key] for key in both})
    if faults:
        raise _misfit(name, expected, faults)
    arrays = {key: _array(name, key, given[key], expected) for key in both}
    _require_finite(name, arrays)
    _require_small_pictures(name, arrays)
    faults = _history_faults(expected, arrays)
    if faults := [*faults, *_result_faults(name, signature, arrays, limits)]:
        raise _misfit(name, expected, faults)
    return arrays


def checked_outputs(name: str, signature: Any, wanted: Sequence[str]) -> list[str]:
    """Reads the outputs that a request asks for.

    Args:
      name: The signature's name.
      signature: The `SignatureDef`.
      wanted: The request's output_filter.

    Returns:
      The outputs in order, each once; all where none is asked for.

    Raises:
      InputError: There is no such output.
    """
    if unknown := sorted(set(wanted) - set(signature.outputs)):
        raise InputError(
            "unknown-output",
            f"Unknown output {_names(unknown)} in output_filter of signature {name!r}. "
            f"Outputs: {describe(signature.outputs)}."
        )
    return sorted(set(wanted) or signature.outputs)


def require_finite_outputs(name: str, outputs: Mapping[str, np.ndarray]) -> None:
    """Refuses a request that makes a model say something that is no number.

    Raises:
      InputError: An output is NaN or infinite.
    """
    for key in _not_finite(outputs):
        raise InputError(
            "output-not-finite",
            f"Signature {name!r} has no finite {key} for these values. A number among them is "
            "NaN, infinite or far outside what the model has seen."
        )


def _misfit(name: str, expected: Mapping[str, Any], faults: Iterable[str]) -> InputError:
    return InputError(
        "inputs-do-not-fit",
        f"The inputs do not fit signature {name!r}: {'; '.join(faults)}. "
        f"Expected: {describe(expected)}."
    )


def _names(names: Sequence[str]) -> str:
    """Lists names that somebody else chose, of any number and length."""
    shown = ", ".join(name[:50] for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _claim_faults(key: str, expected: Any, given: Any, limits: RequestLimits) -> list[str]:
    if given.dtype != expected.dtype:
        return [f"{key} must be {dtype_name(expected.dtype)}, not {dtype_name(given.dtype)}"]
    rank = len(expected.tensor_shape.dim)
    # One more than may be is enough to see that there are too many.
    sizes = [dim.size for dim in given.tensor_shape.dim[:rank + 1]]
    wanted_sizes = [dim.size for dim in expected.tensor_shape.dim]
    fits = (
        not given.tensor_shape.unknown_rank
        and len(sizes) == rank
        and all(size >= 0 and (wanted < 0 or size == wanted)
                for size, wanted in zip(sizes, wanted_sizes, strict=True))
    )
    if not fits:
        more = ", ..." if len(given.tensor_shape.dim) > len(sizes) else ""
        dimensions = ", ".join(map(str, sizes)) + more
        claimed = "(...)" if given.tensor_shape.unknown_rank else f"({dimensions})"
        return [f"{key} must have shape {shape_text(expected.tensor_shape)}, not {claimed}"]
    if sizes and sizes[0] < 1:
        return [f"{key} has no row"]
    if sizes and sizes[0] > limits.rows:
        return [f"{key} has {sizes[0]} rows, more than {limits.rows} a request"]
    elements = math.prod(sizes)
    if elements > limits.elements:
        return [f"{key} has {elements} values, more than {limits.elements} a request"]
    if len(given.string_val) > max(elements, 1):
        return [f"{key} has {len(given.string_val)} values, its shape {elements}"]
    if _bytes_in_memory(given, elements) > limits.value_bytes:
        return [f"{key} is larger than {limits.value_bytes >> 20} MiB"]
    return []


def _bytes_in_memory(given: Any, elements: int) -> int:
    """Returns the bytes of a tensor's strings; one counts for all that are left out."""
    strings = given.string_val
    if not strings:
        return 0
    return sum(map(len, strings)) + max(elements - len(strings), 0) * len(strings[-1])


def _row_faults(given: Mapping[str, Any]) -> list[str]:
    rows = {key: tensor.tensor_shape.dim[0].size for key, tensor in given.items()
            if tensor.tensor_shape.dim}
    if len(set(rows.values())) < 2:
        return []
    return ["all inputs must have as many rows, not "
            + ", ".join(f"{count} of {key}" for key, count in rows.items())]


def _history_faults(expected: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Places of histories correspond: all have one width, or one column of nothing."""
    widths = {
        key: arrays[key].shape[1] for key in histories(expected)
        if (array := arrays[key]).ndim == 2
        and not (array.shape[1] <= 1 and (array == absent(expected[key].dtype)).all())
    }
    if len(set(widths.values())) < 2:
        return []
    return ["all histories must have as many columns, or one that is absent, not "
            + ", ".join(f"{width} of {key}" for key, width in widths.items())]


def _result_faults(
    name: str, signature: Any, arrays: Mapping[str, np.ndarray], limits: RequestLimits
) -> list[str]:
    rows = max((len(array) for array in arrays.values()), default=1)
    faults = []
    if COUNT in arrays:
        counts = arrays[COUNT]
        most = min(limits.elements // rows, _most_places(name, arrays, limits))
        if counts.min() < 1 or counts.max() > most:
            wrong = counts.min() if counts.min() < 1 else counts.max()
            faults.append(f"{COUNT} must be 1 to {most} in a request of {rows} rows, not {wrong}")
    # Where an output is of a fixed width, such as a score for each item, the rows make its size.
    sizes = [(math.prod(dim.size for dim in info.tensor_shape.dim[1:] if dim.size > 0),
              np.dtype(DTYPES[info.dtype].numpy).itemsize) for info in signature.outputs.values()]
    total = rows * sum(count * item for count, item in sizes)
    if rows > 1 and total > limits.value_bytes:
        fewer = max(1, limits.value_bytes * rows // total)
        faults.append(f"{rows} rows make a result of more than {limits.value_bytes >> 20} MiB; "
                      f"ask for at most {fewer}")
    return faults


def _most_places(name: str, arrays: Mapping[str, np.ndarray], limits: RequestLimits) -> int:
    if name != filters.SIGNATURE:
        return limits.elements
    diverse = filters.DIVERSITY in arrays and (arrays[filters.DIVERSITY] > 0).any()
    return filters.MOST_DIVERSE if diverse else filters.MOST


def _array(name: str, key: str, given: Any, expected: Mapping[str, Any]) -> np.ndarray:
    try:
        return ndarray(given)
    except ValueError as error:
        raise InputError(
            "input-misshapen",
            f"Input {key} of signature {name!r} holds another number of values than its shape "
            f"says: {error}. Expected: {describe(expected)}."
        ) from error


def _require_finite(name: str, arrays: Mapping[str, np.ndarray]) -> None:
    for key in _not_finite(arrays):
        raise InputError(
            "input-not-finite",
            f"Input {key} of signature {name!r} holds a number that is not finite (NaN or "
            "infinity). Send -1 for an absent value."
        )


def _not_finite(arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Yields the names of the arrays that hold NaN or infinity."""
    for key, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            yield key


def _require_small_pictures(name: str, arrays: Mapping[str, np.ndarray]) -> None:
    for key, array in arrays.items():
        if array.dtype != object:
            continue
        for row, values in enumerate(array.reshape(len(array), -1).tolist()):
            if any(pixels(value) > MAX_PIXELS for value in values):
                raise InputError(
                    "picture-too-large",
                    f"A picture in row {row} of {key} of signature {name!r} has more than "
                    f"{MAX_PIXELS // 1_000_000} megapixels. Send it smaller."
                )
