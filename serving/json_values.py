"""Values of tensors as JSON can hold them: bytes that are no text are `{"b64": ...}`."""

import base64
from typing import Any

import numpy as np


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


def with_bytes(found: dict[str, Any]) -> Any:
    """Returns an object of JSON, or the bytes of `{"b64": ...}`; a hook of `json.loads`.

    Raises:
      ValueError: If what should be base64 is not.
    """
    if found.keys() != {"b64"}:
        return found
    if not isinstance(found["b64"], str):
        raise ValueError("b64 must be a text in base64")
    return base64.b64decode(found["b64"])


def _text(value: str | bytes) -> str | dict[str, str]:
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
