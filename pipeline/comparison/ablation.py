"""A recipe without one of its modalities, and without all that is asked of it."""

from pipeline.config import validated_recipe
from schemas import InputError
from trainer.recipe import Recipe
from trainer.recipe.families import NetworkRecipe


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
    del tree["modalities"][modality]
    if isinstance(recipe, NetworkRecipe):
        for part, options in recipe.behaviour.items():
            if options.of_modality == modality:
                del tree["behaviour"][part]
    try:
        return validated_recipe(tree, f"recipe {name!r} without {modality}")
    except InputError as error:
        raise InputError("cannot-do-without",
                         f"Recipe {name!r} cannot do without {modality}: {error}") from error
