"""Recipes of some modalities, each with the options that a world was transformed with."""

from collections.abc import Iterable, Mapping
from typing import Any


def narrowed(tree: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a recipe's tree with the options of the modalities that it names.

    Args:
      tree: A recipe's tree; `modalities` names some, or gives the options of some as well.
      options: Options by modality, beneath those that the tree gives.
    """
    named = tree["modalities"]
    if named == "all":
        named = list(options)
    given: Mapping[str, Any] = named if isinstance(named, Mapping) else _bare(named)
    return {**tree, "modalities": {
        name: {**options.get(name, {}), **(more or {})} for name, more in given.items()}}


def _bare(names: Iterable[str]) -> dict[str, Any]:
    return {name: {} for name in names}
