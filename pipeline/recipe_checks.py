"""Whether a dataset has what a recipe asks of it, and its encoders can be used."""

from pipeline.config import RunConfig
from schemas import ENTITIES, FeatureSpec, InputError
from trainer.behaviour.past import past_text
from trainer.network.plan import plan_parts
from trainer.recipe import BoundRecipe, Task
from trainer.recipe.reading import RECIPES
from trainer.tasks import TASK_KINDS


def check_tasks(bound: BoundRecipe, name: str) -> None:
    """Refuses tasks whose labels exist and are of another kind than their heads need.

    Args:
      bound: The recipe; the dataset has all of its labels.
      name: Its name, for the message.

    Raises:
      InputError: A label is not 0 or 1, not categorical, not a number, or of the wrong table.
    """
    recipe, spec = bound.recipe, bound.spec
    for key, task in recipe.tasks.items():
        fault = _fault(task, spec) or _place_fault(key, task, bound)
        if fault:
            raise InputError("head-does-not-fit",
                             f"Recipe {name!r}, task {key!r}: the head {task.head.name!r} {fault}")
    _check_features(bound, name)
    if recipe.relevance and spec.label(recipe.relevance).side == "users":
        raise InputError(
            "relevance-of-user",
            f"Recipe {name!r}: 'relevant' is {recipe.relevance!r}, an attribute of the users, "
            "which is the same for all their events. Name a label of the "
            "interactions.")


def _check_features(bound: BoundRecipe, name: str) -> None:
    """Refuses a family that reads content where there is none to read."""
    recipe, needed = bound.recipe, bound.recipe.needs_features_of
    if needed and not any(bound.inputs(side) for side in needed):
        raise InputError(
            "family-needs-features",
            f"Recipe {name!r}: a {recipe.family!r} of this kind needs features of "
            f"{' or '.join(needed)} that the recipe's modalities read "
            f"({', '.join(recipe.modalities) or 'none'}); dataset {bound.spec.name!r} has none. "
            "Declare some in the schemas, or take a recipe that learns from events alone.")


def _fault(task: Task, spec: FeatureSpec) -> str:
    faults = (task.kind.label_fault(spec, spec.label(name)) for name in task.targets)
    return next(filter(None, faults), "")


def _place_fault(name: str, task: Task, bound: BoundRecipe) -> str:
    if not task.of_user(bound.spec):
        return ""
    if not task.kind.of_users:
        *others, last = [f"'{head}'" for head, kind in TASK_KINDS.items() if kind.of_users]
        return ("needs labels of the interactions, and "
                f"{', '.join(map(repr, task.targets))} are not all of them; an attribute of the "
                f"users takes the head {', '.join(others)} or {last}.")
    if name == bound.recipe.ranking:
        return "learns an attribute of the users, by which no item can be ranked."
    if not bound.recipe.learns_of_users:
        able = " or ".join(repr(n) for n, recipe in RECIPES.items() if recipe.learns_of_users)
        return (f"learns an attribute of the users, which only the family {able} can; the "
                f"family is {bound.recipe.family!r}.")
    return ""


def check_behaviour(bound: BoundRecipe, name: str) -> None:
    """Refuses what a recipe wants of the past and a dataset lacks; the default wants nothing.

    Args:
      bound: The recipe.
      name: Its name.

    Raises:
      InputError: There is no history of items and times, or none of texts.
    """
    recipe, spec = bound.recipe, bound.spec
    wanted = [name for name, part in recipe.past_parts.items() if part.needs_events]
    if not wanted:
        return
    histories = spec.histories()
    where = f"Recipe {name!r}, key 'behaviour': {', '.join(wanted)}"
    has = ", ".join(f"history:{what}" for what in histories) or "none"
    if not spec.has_history:
        raise InputError(
            "recipe-needs-histories",
            f"{where} needs histories of items and times, and the interactions of {spec.name!r} "
            f"have: {has}. Add columns with the tags 'history:item_id' and 'history:timestamp', "
            "which ingest fills, or leave the key out.")
    texts = [name for name, part in recipe.past_parts.items() if part.of_modality]
    if texts and past_text(spec, recipe.past) is None:
        raise InputError(
            "recipe-needs-reviews",
            f"{where} needs the texts of earlier events, and the interactions of {spec.name!r} "
            f"have: {has}. Add a column with the tag 'history:COLUMN', COLUMN having the tag "
            f"'text' and not 'pii', or take {' and '.join(texts)} out.")


def check_part_names(bound: BoundRecipe, name: str) -> None:
    """Refuses a column that is called like another part of the network.

    Args:
      bound: The recipe.
      name: Its name.

    Raises:
      InputError: There is one; the message names the table, the column and the other part.
    """
    if not bound.recipe.has_towers:
        return
    for side in ENTITIES:
        seen: dict[str, str] = {}
        for part in plan_parts(bound, side):
            if part.name in seen:
                column = f"the column {part.name!r}"
                other = part.reads if seen[part.name] == column else seen[part.name]
                raise InputError(
                    "part-name-taken",
                    f"Recipe {name!r}: the {side} of {bound.spec.name!r} have a column "
                    f"{part.name!r}, and the part of the model that reads {other} has the same "
                    "name. Rename the column.")
            seen[part.name] = part.reads


def try_encoders(config: RunConfig) -> list[str]:
    """Loads each encoder and lets it encode nothing, to see whether it can.

    Args:
      config: The run's configuration.

    Returns:
      A sentence for each encoder that the exported model cannot hold.

    Raises:
      InputError: One cannot be loaded, takes something else than its modality, or returns
        something else than vectors.
    """
    warnings = []
    for modality, options in config.recipe.encoders.items():
        from trainer.encoders.encoder import Encoder  # seconds to load
        from trainer.encoders.module import load

        module = load(modality, options)
        Encoder(modality, options, module)
        if module.foreign:
            warnings.append(
                f"The {modality} encoder has operations that a stock server lacks "
                f"({', '.join(module.foreign)}): items that are not in the catalogue will be "
                f"scored without its vectors.")
    return warnings
