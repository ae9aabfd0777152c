"""A recipe that asks for something of texts needs a dataset that has texts."""

import schemas
from trainer.recipe import Recipe
from trainer.recipe.text import asked_of_texts


def check_texts(name: str, recipe: Recipe, spec: schemas.FeatureSpec) -> None:
    """Refuses a recipe that asks for a tower, a feature or an augmentation of texts in vain.

    Args:
      name: The recipe's name.
      recipe: The recipe.
      spec: The dataset's spec.

    Raises:
      InputError: Neither users nor items have a text.
    """
    if any(feature.language for side in ("users", "items") for feature in spec.inputs(side)):
        return
    for key, value in asked_of_texts(recipe).items():
        raise schemas.InputError(
            "recipe-needs-texts",
            f"Recipe {name!r}, {key}: {value!r} asks for texts, but neither the users nor the "
            f"items of {spec.name!r} have a column with the tag 'text'. Tag one, or take the key "
            "out of the recipe.")
