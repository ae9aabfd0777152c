"""What a comparison runs: recipes, the same recipes without a modality, and seeds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.config import RunConfig, load_config, validated
from schemas import InputError
from trainer.recipe import Recipe
from trainer.recipe.modalities import for_dataset


def planned(path: Path | None, recipes: Sequence[str], without: Sequence[str], seeds: int,
            **given: Any) -> list[RunConfig]:
    """Returns the configuration of each run, seed after seed.

    Args:
      path: A YAML file with a run's options; its recipe does not count.
      recipes: Names of recipes, or YAML files.
      without: Modalities; each recipe that reads one also runs without it.
      seeds: Number of seeds, counted from the configuration's own.
      **given: Values from the command line, which win; `None` means not given.

    Returns:
      The configurations; none of them pushes.

    Raises:
      InputError: A recipe is unknown or given twice, or no recipe reads a modality.
    """
    if not recipes:
        raise InputError("No recipe given. Use --recipes with names or YAML files, separated by "
                         "commas, as in --recipes flagship,mine.yaml.")
    configs = [_named(load_config(path, recipe=name, **given)) for name in recipes]
    configs += [
        config.model_copy(update={
            "recipe_name": f"{config.recipe_name}-without-{modality}",
            "recipe": _without(config, modality)})
        for config in configs for modality in without if modality in config.recipe.modalities
    ]
    _check(configs, without)
    first = configs[0].seed
    return [config.model_copy(update={"seed": seed, "push": False})
            for seed in range(first, first + seeds) for config in configs]


def _named(config: RunConfig) -> RunConfig:
    """Returns the configuration with the modalities that its recipe reads by name."""
    return config.model_copy(update={"recipe": for_dataset(config.recipe, config.spec())})


def _without(config: RunConfig, modality: str) -> Recipe:
    values = config.recipe.model_dump(mode="json")
    values["modalities"] = [one for one in values["modalities"] if one != modality]
    return validated(Recipe, values, f"recipe {config.recipe_name!r} without {modality}")


def _check(configs: Sequence[RunConfig], without: Sequence[str]) -> None:
    names = [config.recipe_name for config in configs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"Recipe {', '.join(twice)} was given twice: a recipe's name tells its "
                         "rows apart. Give each once, or rename one of the files.")
    for modality in without:
        if not any(name.endswith(f"-without-{modality}") for name in names):
            known = sorted({one for config in configs for one in config.recipe.modalities})
            raise InputError(f"--without {modality}: no recipe given reads it. They read: "
                             f"{', '.join(known) or 'no modality'}.")
