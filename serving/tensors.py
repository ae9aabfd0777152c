"""Arrays as TensorFlow Serving's `TensorProto` and as JSON, without TensorFlow."""

import base64
import math
from typing import Any, NamedTuple

import numpy as np

from serving import wire

TensorProto = wire.message("TensorProto")


class DType(NamedTuple):
    """A type of values that a signature may have.

    Attributes:
      name: TensorFlow's name, such as `int64`.
      numpy: NumPy's type; strings are bytes in an array of dtype object.
      field: The field of a `TensorProto` that holds values one by one.
    """

    name: str
    numpy: Any
    field: str


DTYPES = {
    1: DType("float32", np.float32, "float_val"),
    2: DType("float64", np.float64, "double_val"),
    3: DType("int32", np.int32, "int_val"),
    4: DType("uint8", np.uint8, "int_val"),
    7: DType("string", object, "string_val"),
    9: DType("int64", np.int64, "int64_val"),
    10: DType("bool", np.bool_, "bool_val"),
}
STRING = 7
_NUMBERS = {np.dtype(one.numpy): number for number, one in DTYPES.items()}


def dtype_name(number: int) -> str:
    """Returns TensorFlow's name of a dtype, or its number where Tessera has none of it."""
    return DTYPES[number].name if number in DTYPES else f"dtype {number}"


def tensor_proto(array: np.ndarray) -> Any:
    """Writes an array.

    Args:
      array: Of a dtype in `DTYPES`; strings as `str` or bytes, of dtype object, `S` or `U`.

    Returns:
      The `TensorProto`.

    Raises:
      TypeError: If there is no such dtype.
    """
    proto = TensorProto()
    strings = array.dtype.kind in "OSU"
    number = STRING if strings else _NUMBERS.get(array.dtype)
    if number is None:
        raise TypeError(f"a tensor cannot hold {array.dtype}")
    proto.dtype = number
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if strings:
        proto.string_val.extend(
            [one.encode() if isinstance(one, str) else one for one in array.ravel().tolist()])
    else:
        proto.tensor_content = array.tobytes()
    return proto


def ndarray(proto: Any) -> np.ndarray:
    """Reads a tensor whose shape is known and whose values are as many as it claims, or one.

    Args:
      proto: A `TensorProto` of a dtype in `DTYPES`; one value counts for all.

    Returns:
      The array.

    Raises:
      ValueError: If it holds another number of values, or values of another dtype.
    """
    dtype = DTYPES[proto.dtype]
    shape = [dim.size for dim in proto.tensor_shape.dim]
    count = math.prod(shape)
    filled = {field.name for field, _ in proto.ListFields()}
    filled -= {"dtype", "tensor_shape", "version_number"}
    if filled > {dtype.field} or not filled <= {dtype.field, "tensor_content"}:
        raise ValueError(f"values of {dtype.name} belong in {dtype.field} or tensor_content, "
                         f"not in {', '.join(sorted(filled))}")
    if "tensor_content" in filled:
        if proto.dtype == STRING:
            raise ValueError("strings belong in string_val")
        item = np.dtype(dtype.numpy).itemsize
        if len(proto.tensor_content) != count * item:
            raise ValueError(f"tensor_content has {len(proto.tensor_content)} bytes, "
                             f"{count} of {item} bytes are claimed")
        # A copy: what TensorFlow is fed must be aligned.
        return np.frombuffer(proto.tensor_content, dtype.numpy).reshape(shape).copy()
    values = getattr(proto, dtype.field)
    if len(values) not in (1, count) or (count == 0 and len(values)):
        raise ValueError(f"{len(values)} values for {count}")
    if len(values) == 1:
        array = np.empty(shape, dtype.numpy)
        array.fill(values[0])
        return array
    array = np.empty(count, dtype.numpy)
    array[:] = values
    return array.reshape(shape)


def plain_values(array: np.ndarray) -> list[Any]:
    """Returns an array of any shape as nested lists.

    Args:
      array: Numbers, or str and bytes in an array of dtype object.

    Example:
      >>> plain_values(np.array([b"ann", b"\\xff"], dtype=object))
      ['ann', {'b64': '/w=='}]
    """
    if array.dtype != object:
        return array.tolist()
    flat = np.empty(array.size, object)
    flat[:] = [_text(one) for one in array.ravel()]
    return flat.reshape(array.shape).tolist()


def with_bytes(document: dict[str, Any]) -> Any:
    """Returns an object of JSON, or the bytes of `{"b64": ...}`; a hook of `json.loads`.

    Raises:
      ValueError: If what should be base64 is not.
    """
    if document.keys() != {"b64"}:
        return document
    if not isinstance(document["b64"], str):
        raise ValueError("b64 must be a text in base64")
    return base64.b64decode(document["b64"])


def _text(value: str | bytes) -> str | dict[str, str]:
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
