"""Looking up a layer by the name that a recipe gives it."""

from collections.abc import Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


def look_up(registry: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """Returns a registry's entry.

    Args:
      registry: Entries by name.
      name: What to look up.
      kind: What the entries are, for the message.

    Returns:
      The entry.

    Raises:
      ValueError: There is none of that name; the message lists those there are.
    """
    if name not in registry:
        known = ", ".join(f"'{known}'" for known in registry)
        raise ValueError(f"There is no {kind} '{name}'; known are {known}.")
    return registry[name]
