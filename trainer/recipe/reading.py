"""A recipe from the tree of its file: the family decides which keys there are."""

from typing import Any, get_args

from trainer.recipe.computed import ForestRecipe, RankersRecipe, SimilarityRecipe
from trainer.recipe.families import FactorizationRecipe, NetworkRecipe
from trainer.recipe.moved import refuse_moved
from trainer.recipe.recipe import Recipe

# By the one value that each class allows for the key `family`.
RECIPES: dict[str, type[Recipe]] = {
    get_args(one.model_fields["family"].annotation)[0]: one
    for one in (NetworkRecipe, FactorizationRecipe, SimilarityRecipe, RankersRecipe, ForestRecipe)
}


def recipe_class(tree: Any) -> type[Recipe]:
    """Returns the class that reads a recipe's tree.

    Args:
      tree: What a recipe's file holds.

    Raises:
      ValueError: The family is unknown, or a key is one of earlier files; the message shows what is
        written now.
    """
    family = tree.get("family", "network") if isinstance(tree, dict) else "network"
    if not isinstance(family, str) or family not in RECIPES:
        raise ValueError(f"family: given {family!r}, but one of these is allowed: "
                         f"{', '.join(RECIPES)}")
    if isinstance(tree, dict):
        refuse_moved(tree)
    return RECIPES[family]


def parse_recipe(**tree: Any) -> Recipe:
    """Returns the recipe of a tree.

    Raises:
      ValueError: See `recipe_class`.
      ValidationError: A key is unknown or missing, or a value is not allowed.
    """
    return recipe_class(tree).model_validate(tree)
