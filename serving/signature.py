"""What a signature asks for, read from its SignatureDef; the server and the client share it."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from schemas.errors import InputError
from serving.pictures import STARTS
from serving.tensors import DTYPES, STRING, dtype_name

DEFAULT_SIGNATURE = "serving_default"
HISTORY = "history_"
COUNT = "k"


def describe(tensors: Mapping[str, Any]) -> str:
    """Lists tensors with dtype and shape, such as `k int32 (?), user_id string (?)`."""
    return ", ".join(
        f"{name} {dtype_name(info.dtype)} {shape_text(info.tensor_shape)}"
        for name, info in sorted(tensors.items())
    )


def shape_text(shape: Any) -> str:
    """Writes a `TensorShapeProto` as `(?, 4)`, a question mark for a size that is free."""
    if shape.unknown_rank:
        return "(...)"
    return f"({', '.join('?' if dim.size < 0 else str(dim.size) for dim in shape.dim)})"


def histories(inputs: Iterable[str]) -> dict[str, str]:
    """Returns the inputs that hold histories, each with its column.

    TensorFlow Serving's inputs are flat names and a `SignatureDef` says nothing else of them, so
    that the start of the name is all that there is; no other input may begin so (`schemas.tags`).
    """
    return {name: name.removeprefix(HISTORY) for name in inputs if name.startswith(HISTORY)}


def absent(dtype: int) -> bytes | int:
    """Returns what is sent for a value that is absent: '' for strings, -1 for numbers."""
    return b"" if dtype == STRING else -1


def filled(info: Any, *, batch: int, width: int = 1, number: int = -1) -> np.ndarray:
    """Builds an input of one repeated value: `''` for strings, a given number for others.

    Args:
      info: The input's `TensorInfo`.
      batch: The size of the first dimension.
      width: The size of each further dimension that is free.
      number: The value of a numeric input; -1 means absent.

    Returns:
      An array of shape `(batch, ...)` in the input's dtype.
    """
    sizes = [dim.size for dim in info.tensor_shape.dim]
    shape = [batch if axis == 0 else width if size < 0 else size for axis, size in enumerate(sizes)]
    return np.full(shape, b"" if info.dtype == STRING else number, DTYPES[info.dtype].numpy)


def converted(name: str, value: Any, info: Any) -> np.ndarray:
    """Converts a value to an input's dtype where nothing is lost by it.

    Args:
      name: The input's name.
      value: An array or nested lists.
      info: The input's `TensorInfo`.

    Returns:
      The array; strings are bytes in an array of dtype object.

    Raises:
      InputError: If the value is of another kind.
    """
    try:
        if info.dtype == STRING:
            return _encoded(value)
        given = np.asarray(value)
        array = given.astype(DTYPES[info.dtype].numpy, casting="same_kind")
        if array.dtype.kind == "i" and (array != given).any():
            raise ValueError(f"a number is too large for {dtype_name(info.dtype)}")
        return array
    except (TypeError, ValueError) as error:
        raise InputError("bad-input-type",
                         f"Input {name!r} must be {dtype_name(info.dtype)}: {error}.") from error


def _encoded(value: Any) -> np.ndarray:
    array = np.asarray(value, dtype=object)
    flat = [one.encode() if isinstance(one, str) else one for one in array.ravel()]
    if wrong := [one for one in flat if not isinstance(one, bytes)]:
        raise TypeError(f"{wrong[0]!r} is no string")
    encoded = np.empty(len(flat), dtype=object)
    encoded[:] = flat
    return encoded.reshape(array.shape)


def with_pictures_as_seen(array: np.ndarray) -> np.ndarray:
    """Returns an input with its encoded pictures as ingest stores them.

    Args:
      array: An input as `converted` gives it.

    Returns:
      The same array, or of strings a copy; what is no picture, or a damaged one, stays.
    """
    if array.dtype != object:
        return array
    seen = array.copy()
    for place, one in np.ndenumerate(array):
        if one.startswith(STARTS):
            seen[place] = _seen(one)
    return seen


def _seen(value: bytes) -> bytes:
    from schemas.media import as_seen  # Pillow, which most requests do not need

    try:
        return as_seen(value)
    except InputError:  # a text that starts as a picture does, or a damaged picture
        return value
