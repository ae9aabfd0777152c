"""The files of recipes: those of the project, and one's own."""

import re
from pathlib import Path

from pipeline.validation import validated_recipe
from pipeline.yaml_loader import read_yaml
from schemas.errors import InputError, unknown
from trainer.recipe import Recipe

_RECIPES = Path(__file__).parent / "recipes"
NO_NAME = re.compile(r"[^\w.-]+")  # what no name of a folder has: TFX takes [ for a pattern


def recipes() -> list[str]:
    """Returns the names of the recipes that come with the project."""
    return sorted(path.stem for path in _RECIPES.glob("*.yaml"))


def load_recipe(name: str) -> Recipe:
    """Loads a recipe by name, or from a YAML file.

    Args:
      name: The name of a recipe of the project, or the path of a file.

    Returns:
      The validated recipe.

    Raises:
      InputError: No such recipe, or one that does not validate; the message names the key.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _RECIPES / f"{name}.yaml"
    if not path.is_file():
        if path.parent == _RECIPES:
            raise unknown("recipe", name, recipes())
        raise InputError("no-recipe-file",
                         f"Recipe file {path} does not exist. Give a file, or one of: "
                         f"{', '.join(recipes())}.")
    return validated_recipe(read_yaml(path), f"recipe {name!r}").located(path.parent)


def named_recipe(given: str) -> tuple[str, Recipe]:
    """Loads a recipe and its name.

    Args:
      given: The name of a recipe of the project, or the path of a file.

    Returns:
      Its name and the recipe. A file's name is its stem, with `_` for what folders should not be
      called, or `own-<stem>` where a recipe of the project has that name and says something else.

    Raises:
      InputError: No such recipe, or one that does not validate; the message names the key.
    """
    recipe, name = load_recipe(given), NO_NAME.sub("_", Path(given).stem)
    if name in recipes() and recipe != load_recipe(name):
        return f"own-{name}", recipe
    return name, recipe
