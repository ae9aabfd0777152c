"""TFX's artifacts, as executors get them."""

from typing import Any


def artifact(kind: type, uri: object, **properties: int | str) -> Any:
    """Returns an artifact of a kind, with its custom properties."""
    made = kind()
    made.uri = str(uri)
    for name, value in properties.items():
        if isinstance(value, int):
            made.set_int_custom_property(name, value)
        else:
            made.set_string_custom_property(name, value)
    return made
