"""What a comparison runs: recipes, the same recipes without a modality, and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import RunConfig, load_config, validated_recipe
from pipeline.run import check_recipe
from schemas import InputError
from trainer.recipe import Recipe, bind
from trainer.recipe.families import NetworkRecipe


@dataclass(frozen=True)
class Plan:
    """What a comparison runs.

    Attributes:
      configs: The configuration of each run, seed after seed; none of them pushes.
      left_out: A sentence for each recipe that cannot do without a modality.
    """

    configs: tuple[RunConfig, ...]
    left_out: tuple[str, ...] = ()


def planned(path: Path | None, recipes: Sequence[str], without: Sequence[str], seeds: int,
            **given: Any) -> Plan:
    """Plans a comparison.

    Args:
      path: A YAML file with a run's options; its recipe does not count.
      recipes: Names of recipes, or YAML files.
      without: Modalities; each recipe that reads one also runs without it, if it can.
      seeds: Number of seeds, counted from the configuration's own.
      **given: Values from the command line, which win; `None` means not given.

    Raises:
      InputError: A recipe is unknown, a recipe or a modality was given twice, or no recipe reads
        a modality and can do without it.
    """
    if not recipes:
        raise InputError("no-recipe",
                         "No recipe given. Use --recipes with names or YAML files, separated by "
                         "commas, as in --recipes flagship,mine.yaml.")
    if twice := _twice(without):
        raise InputError("modality-left-out-twice",
                         f"--without names {twice} twice: name each modality once.")
    configs = [_named(load_config(path, recipe=name, **given)) for name in recipes]
    ablations: list[RunConfig] = []
    left_out: list[str] = []
    for modality in without:
        reduced, reasons = _ablations(configs, modality)
        ablations += reduced
        left_out += reasons
    configs += ablations
    if twice := _twice([config.recipe_name for config in configs]):
        raise InputError("recipe-given-twice",
                         f"Recipe {twice} was given twice: a recipe's name is that of its rows. "
                         "Give each once, or rename one of the files.")
    first = configs[0].seed
    return Plan(tuple(config.model_copy(update={"seed": seed, "push": False})
                      for seed in range(first, first + seeds) for config in configs),
                tuple(left_out))


def _named(config: RunConfig) -> RunConfig:
    """Returns the configuration with the modalities that its recipe reads by name."""
    bound = bind(config.recipe, config.spec(), config.recipe_name)
    return config.model_copy(update={"recipe": bound.recipe})


def _ablations(configs: Sequence[RunConfig], modality: str) -> tuple[list[RunConfig], list[str]]:
    """Returns the recipes without a modality, and why others cannot do without it."""
    reduced, left_out = [], []
    for config in configs:
        if modality not in config.recipe.modalities:
            continue
        check_recipe(config, config.spec())  # or the fault would seem to be the modality's lack
        name = f"{config.recipe_name}-without-{modality}"
        try:
            changed = config.model_copy(update={
                "recipe_name": name,
                "recipe": without(config.recipe, config.recipe_name, modality)})
            check_recipe(changed, config.spec())
        except InputError as error:
            left_out.append(f"{name} is left out. {error}")
            continue
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


def _twice(names: Sequence[str]) -> str:
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))


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
