"""A recipe without one of its modalities, and without all that is asked of it."""

from typing import Any

from pipeline.config import validated
from schemas import InputError
from trainer.recipe import Recipe
from trainer.recipe.readers import REVIEWS, restricted


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
    left = tuple(one for one in recipe.modalities if one != modality)
    changes: dict[str, Any] = {}
    if modality in recipe.encoders.given():
        changes["encoders"] = recipe.encoders.model_copy(update={modality: None})
    if modality == "text":  # reviews are texts, though not of the users or items tables
        parts = tuple(part for part in recipe.model.behaviour if part not in REVIEWS)
        changes["model"] = recipe.model.model_copy(update={"behaviour": parts})
    reduced = restricted(recipe.model_copy(update=changes), left)
    tree = reduced.model_dump(mode="json", exclude={"tune"}, exclude_defaults=True)
    try:
        return validated(Recipe, tree | {"modalities": list(left)},
                         f"recipe {name!r} without {modality}")
    except InputError as error:
        raise InputError("cannot-do-without",
                         f"Recipe {name!r} cannot do without {modality}: {error}") from error
