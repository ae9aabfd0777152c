"""A recipe without one of its modalities, and without all that is asked of it."""

from typing import Any

from pipeline.config import validated
from schemas import InputError
from trainer.recipe import Recipe

# A key is dropped with the modality that it is called after. These are called otherwise:
_READ_BY = {
    "training.augmentation.image": {"image", "video"},  # the frames of a video vary as well
    "training.augmentation.sound": {"audio"},
}
_REVIEWS = ("reviews", "item_reviews")  # texts too, though not of the users or items tables


def without(recipe: Recipe, name: str, modality: str) -> Recipe:
    """Takes a modality out of a recipe.

    Towers, encoders, preprocessing and augmentation of the modality go with it, and with texts
    the reviews; nothing else changes. `tune` is left out, for its ranges may be the modality's.

    Args:
      recipe: A recipe whose modalities are named.
      name: What it is called in messages.
      modality: One of them.

    Raises:
      InputError: What is left is no recipe.
    """
    tree = recipe.model_dump(mode="json", exclude={"tune"}, exclude_unset=True)
    left = {str(one) for one in recipe.modalities} - {modality}
    # Tasks have names of the user's choice.
    tree = {"tasks": tree.pop("tasks"), **_kept(tree, modality, left)}
    tree["modalities"] = [one for one in recipe.modalities if one in left]
    if modality == "text" and "behaviour" in tree.get("model", {}):
        tree["model"]["behaviour"] = [
            part for part in recipe.model.behaviour if part not in _REVIEWS]
    try:
        return validated(Recipe, tree, f"recipe {name!r} without {modality}")
    except InputError as error:
        raise InputError(f"Recipe {name!r} cannot do without {modality}: {error}") from error


def _kept(tree: dict[str, Any], modality: str, left: set[str], above: str = "") -> dict[str, Any]:
    kept = {}
    for key, value in tree.items():
        readers = _READ_BY.get(f"{above}{key}", {key})
        if modality in readers and not readers & left:
            continue
        kept[key] = (_kept(value, modality, left, f"{above}{key}.") if isinstance(value, dict)
                     else value)
    return kept
