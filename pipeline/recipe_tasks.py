"""Whether a dataset's labels are what the tasks of a recipe need."""

from schemas import FeatureSpec, InputError
from trainer.recipe import Recipe, Task
from trainer.recipe.families import ForestRecipe, NetworkRecipe, SimilarityRecipe
from trainer.tasks import TASK_KINDS


def check_tasks(name: str, recipe: Recipe, spec: FeatureSpec) -> None:
    """Refuses tasks whose labels exist and are of another kind than their heads need.

    Args:
      name: The recipe's name, for the message.
      recipe: The recipe; the dataset has all of its labels.
      spec: The dataset's spec.

    Raises:
      InputError: A label is not 0 or 1, not categorical, not a number, or of the wrong table.
    """
    for key, task in recipe.tasks.items():
        fault = _fault(task, spec) or _place_fault(key, task, recipe, spec)
        if fault:
            raise InputError("head-does-not-fit",
                             f"Recipe {name!r}, task {key!r}: the head {task.head.name!r} {fault}")
    _check_features(name, recipe, spec)
    if recipe.relevance and spec.label(recipe.relevance).side == "users":
        raise InputError(
            "relevance-of-user",
            f"Recipe {name!r}: 'relevant' is {recipe.relevance!r}, an attribute of the users, "
            "which does not tell one of their events from another. Name a label of the "
            "interactions.")


def _check_features(name: str, recipe: Recipe, spec: FeatureSpec) -> None:
    """Refuses a family that reads content where there is none to read."""
    read = {side: spec.inputs(side, recipe.modalities, recipe.labels) for side in
            ("users", "items")}
    missing = f"that the recipe's modalities read ({', '.join(recipe.modalities) or 'none'}); " \
           f"dataset {spec.name!r} has none."
    if isinstance(recipe, SimilarityRecipe) and recipe.reads_content and not read["items"]:
        raise InputError("similarity-needs-features",
                         f"Recipe {name!r}: similarity to content needs features of the items "
                         f"{missing} Set 'vectors' to 'collaborative', or declare some.")
    if isinstance(recipe, ForestRecipe) and not (read["users"] or read["items"]):
        raise InputError("forest-needs-features",
                         f"Recipe {name!r}: a forest needs features of users or items {missing} "
                         "Declare some in the schemas.")


def _fault(task: Task, spec: FeatureSpec) -> str:
    faults = (task.kind.label_fault(spec, spec.label(name)) for name in task.targets)
    return next(filter(None, faults), "")


def _place_fault(name: str, task: Task, recipe: Recipe, spec: FeatureSpec) -> str:
    if not task.of_user(spec):
        return ""
    if not task.kind.of_users:
        *others, last = [f"'{head}'" for head, kind in TASK_KINDS.items() if kind.of_users]
        return ("needs labels of the interactions, and "
                f"{', '.join(map(repr, task.targets))} are not all of them; an attribute of the "
                f"users takes the head {', '.join(others)} or {last}.")
    if name == recipe.ranking:
        return "learns an attribute of the users, by which no item can be ranked."
    if not isinstance(recipe, NetworkRecipe):
        return (f"learns an attribute of the users, which only the family 'network' can; the "
                f"family is {recipe.family!r}.")
    return ""
