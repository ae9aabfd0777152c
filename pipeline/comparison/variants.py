"""Recipes with less than they have: without a modality, without a task, with one task alone."""

from typing import Any

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
    tree = _tree(recipe)
    del tree["modalities"][modality]
    if isinstance(recipe, NetworkRecipe):
        for part, options in recipe.behaviour.items():
            if options.of_modality == modality:
                del tree["behaviour"][part]
    return _validated(tree, name, modality)


def without_task(recipe: Recipe, name: str, task: str) -> Recipe:
    """Takes a task out of a recipe; see `with_tasks`."""
    return with_tasks(recipe, name, [one for one in recipe.tasks if one != task], f"task {task!r}")


def single_task(recipe: Recipe, name: str, task: str) -> Recipe:
    """Leaves a recipe one task; see `with_tasks`."""
    return with_tasks(recipe, name, [task], f"tasks other than {task!r}")


def with_tasks(recipe: Recipe, name: str, tasks: list[str], lacking: str) -> Recipe:
    """Leaves a recipe some of its tasks.

    What is relevant stays. Where the task that ranks goes, items are ranked by the first one that
    can, and `rankers` go with the retrieval that they would join.

    Args:
      recipe: A recipe.
      name: What it is called in messages.
      tasks: Names of the tasks that are left.
      lacking: What messages say that is gone.

    Raises:
      InputError: What is left is no recipe.
    """
    tree = _tree(recipe)
    tree["tasks"] = {one: tree["tasks"][one] for one in tasks}
    if recipe.relevance:
        tree["relevant"] = recipe.relevance
    if recipe.retrieval not in tasks:
        tree.pop("rankers", None)
    if recipe.ranking not in tasks:
        tree["rank_by"] = next((one for one in recipe.scored if one in tasks), None)
    return _validated(tree, name, lacking)


def _tree(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json", exclude={"tune"}, exclude_unset=True)


def _validated(tree: dict[str, Any], name: str, lacking: str) -> Recipe:
    try:
        return validated_recipe(tree, f"recipe {name!r} without {lacking}")
    except InputError as error:
        raise InputError("cannot-do-without",
                         f"Recipe {name!r} cannot do without {lacking}: {error}") from error
