"""The command `tessera compare`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def compare(
    recipes: Annotated[str, typer.Option(help="Names or YAML files, separated by commas.")],
    dataset: Annotated[str | None, typer.Option(help="Name; see the README.")] = None,
    without: Annotated[str, typer.Option(
        help="Modalities: each recipe that reads one also runs without it.")] = "",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Number of seeds.")] = 1,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the dataset's files.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with a run's options.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder for all results.")] = None,
    split: Annotated[str | None, typer.Option(help="u80, t80, random, or a column.")] = None,
) -> None:
    """Run recipes on one dataset and write one table; nothing is pushed, and it can be resumed."""
    from pipeline.comparison.plan import planned

    configs = planned(config, _listed(recipes), _listed(without), seeds, dataset=dataset,
                      data_dir=data_dir, root=root, split=split)
    from pipeline.comparison.compare import compare as run_all

    command = " ".join(["tessera", *sys.argv[1:]])
    raise typer.Exit(run_all(configs, command, Console()))


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
