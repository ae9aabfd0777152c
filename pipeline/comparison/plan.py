"""What a comparison runs: recipes, the same recipes with less, and seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.config import RunConfig, load_config
from pipeline.run import check_recipe
from pipeline.validation import validated_recipe
from schemas import InputError
from trainer.recipe import Recipe, bind

Variant = Callable[[Recipe, str, str], Recipe]


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
    return _validated(recipe.tree_without(modality), name, modality)


def without_task(recipe: Recipe, name: str, task: str) -> Recipe:
    """Takes a task out of a recipe; see `with_tasks`."""
    return with_tasks(recipe, name, [one for one in recipe.tasks if one != task], f"task {task!r}")


def single_task(recipe: Recipe, name: str, task: str) -> Recipe:
    """Leaves a recipe one task; see `with_tasks`."""
    return with_tasks(recipe, name, [task], f"tasks other than {task!r}")


def with_tasks(recipe: Recipe, name: str, tasks: list[str], lacking: str) -> Recipe:
    """Leaves a recipe some of its tasks.

    What is relevant stays. Where the task that ranks goes, items are ranked by the first one that
    can, and what a network reads for a task goes with it: `rankers` with the retrieval that they
    would join, and the weight of the task's loss.

    Args:
      recipe: A recipe.
      name: What it is called in messages.
      tasks: Names of the tasks that are left.
      lacking: What messages say that is gone.

    Raises:
      InputError: What is left is no recipe.
    """
    return _validated(recipe.tree_with(tasks), name, lacking)


def _validated(tree: dict[str, Any], name: str, lacking: str) -> Recipe:
    try:
        return validated_recipe(tree, f"recipe {name!r} without {lacking}")
    except InputError as error:
        raise InputError("cannot-do-without",
                         f"Recipe {name!r} cannot do without {lacking}: {error}") from error


@dataclass(frozen=True)
class Plan:
    """What a comparison runs.

    Attributes:
      configs: The configuration of each run, seed after seed; none of them pushes.
      left_out: A sentence for each recipe that cannot do without something.
      singles: By recipe and task, the name of the recipe with that task alone.
    """

    configs: tuple[RunConfig, ...]
    left_out: tuple[str, ...] = ()
    singles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def planned(path: Path | None, recipes: Sequence[str], lacking: Sequence[str], seeds: int,
            ablate: bool = False, single_tasks: bool = False, **given: Any) -> Plan:
    """Plans a comparison.

    Args:
      path: A YAML file with a run's options; its recipe does not count.
      recipes: Names of recipes, or YAML files.
      lacking: Modalities; each recipe that reads one also runs without it, if it can.
      seeds: Number of seeds, counted from the configuration's own.
      ablate: Whether each recipe also runs without each of its modalities and of its tasks.
      single_tasks: Whether each recipe of several tasks also runs with each of them alone.
      **given: Values from the command line, which win; `None` means not given.

    Raises:
      InputError: A recipe is unknown, a recipe or a modality was given twice, or no recipe reads
        a modality and can do without it.
    """
    if not recipes:
        raise InputError("no-recipe",
                         "No recipe given. Use --recipes with names or YAML files, separated by "
                         "commas, as in --recipes flagship,mine.yaml.")
    if twice := _twice(lacking):
        raise InputError("modality-left-out-twice",
                         f"--without names {twice} twice: name each modality once.")
    configs = [_named(load_config(path, recipe=name, **given)) for name in recipes]
    ablations: list[RunConfig] = []
    left_out: list[str] = []
    for modality in lacking:
        reduced, reasons = _ablations(configs, modality)
        ablations += reduced
        left_out += reasons
    singles: dict[str, dict[str, str]] = {}
    for config in configs:
        variants, reasons = _reduced(config, lacking, ablate, single_tasks)
        ablations += variants.values()
        left_out += reasons
        if alone := {task: one.recipe_name for (how, task), one in variants.items()
                     if how is single_task}:
            singles[config.recipe_name] = alone
    configs += ablations
    if twice := _twice([config.recipe_name for config in configs]):
        raise InputError("recipe-given-twice",
                         f"Recipe {twice} was given twice: a recipe's name is that of its rows. "
                         "Give each once, or rename one of the files.")
    first = configs[0].seed
    return Plan(tuple(config.model_copy(update={"seed": seed, "push": False})
                      for seed in range(first, first + seeds) for config in configs),
                tuple(left_out), singles)


def _named(config: RunConfig) -> RunConfig:
    """Returns the configuration with its span and its recipe's modalities by name."""
    config = config.pinned()
    bound = bind(config.recipe, config.spec(), config.recipe_name)
    return config.model_copy(update={"recipe": bound.recipe})


def _ablations(configs: Sequence[RunConfig], modality: str) -> tuple[list[RunConfig], list[str]]:
    """Returns the recipes without a modality, and why others cannot do without it."""
    reduced, left_out = [], []
    for config in configs:
        if modality not in config.recipe.modalities:
            continue
        check_recipe(config, config.spec())  # or the fault would seem to be the modality's lack
        changed = _varied(config, without, modality)
        if isinstance(changed, str):
            left_out.append(changed)
        else:
            reduced.append(changed)
    if not reduced and left_out:
        raise InputError("no-recipe-does-without",
                         f"--without {modality}: no recipe given can do without it. "
                         + " ".join(left_out))
    if not reduced:
        known = sorted({one for config in configs for one in config.recipe.modalities})
        raise InputError("no-recipe-reads-modality",
                         f"--without {modality}: no recipe given reads it. They read: "
                         f"{', '.join(known) or 'no modality'}.")
    return reduced, left_out


def _reduced(config: RunConfig, lacking: Sequence[str], ablate: bool, single_tasks: bool,
             ) -> tuple[dict[tuple[Variant, str], RunConfig], list[str]]:
    """Returns a recipe's variants by how it is reduced and to what, and why others are left out."""
    recipe = config.recipe
    wanted: list[tuple[Variant, str]] = []
    several = list(recipe.tasks) if len(recipe.tasks) > 1 else []
    if ablate:
        wanted += [(without, one) for one in recipe.modalities if one not in lacking]
        wanted += [(without_task, one) for one in several]
    if single_tasks:
        wanted += [(single_task, one) for one in several]
    variants: dict[tuple[Variant, str], RunConfig] = {}
    left_out = []
    for how, what in wanted:
        changed = _varied(config, how, what)
        if isinstance(changed, str):
            left_out.append(changed)
        else:
            variants[how, what] = changed
    return variants, left_out


def _varied(config: RunConfig, how: Variant, what: str) -> RunConfig | str:
    """Returns a run with a variant of its recipe, or why it is left out."""
    name = f"{config.recipe_name}-{_CALLED[how]}-{what}"
    try:
        changed = config.model_copy(update={
            "recipe_name": name, "recipe": how(config.recipe, config.recipe_name, what)})
        check_recipe(changed, config.spec())
    except InputError as error:
        return f"{name} is left out. {error}"
    return changed


_CALLED: dict[Variant, str] = {
    without: "without", without_task: "without-task", single_task: "only"}


def _twice(names: Sequence[str]) -> str:
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))
