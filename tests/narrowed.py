"""Recipes that say nothing of modalities that they do not read."""

from typing import Any


def narrowed(tree: dict[str, Any]) -> dict[str, Any]:
    """Returns a recipe's tree without the preprocessing that nothing in it reads."""
    read = set(tree["modalities"])
    if {"reviews", "item_reviews"} & set(tree.get("model", {}).get("behaviour", ())):
        read.add("text")
    return {**tree, "preprocessing": {
        name: options for name, options in tree["preprocessing"].items() if read & {name, "all"}}}
