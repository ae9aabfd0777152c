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
    given: dict[str, Any] = dict(named) if isinstance(named, Mapping) else _bare(
        [named] if isinstance(named, str) else named)
    if "all" in given:
        given = {**dict.fromkeys(options, given["all"]), **given}
        given.pop("all")
    return {**tree, "modalities": {
        name: {**options.get(name, {}), **(more or {})} for name, more in given.items()}}


def _bare(names: Iterable[str]) -> dict[str, Any]:
    return {name: {} for name in names}
