"""The command `tessera compare`."""

import shlex
import sys
from typing import Annotated

import typer

from pipeline import options
from pipeline.console import open_console


def compare(
    recipes: Annotated[str, typer.Option(help="Names or YAML files, separated by commas.")],
    dataset: options.Dataset = None,
    without: Annotated[str, typer.Option(
        help="Modalities: each recipe that reads one also runs without it.")] = "",
    ablate: Annotated[bool, typer.Option(
        "--ablate", help="Each recipe also runs without each modality and each task.")] = False,
    single_tasks: Annotated[bool, typer.Option(
        "--single-tasks", help="Each recipe also runs with each of its tasks alone.")] = False,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Number of seeds.")] = 1,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    root: options.ResultsRoot = None,
    split: options.Split = None,
    beam_runner: options.BeamRunner = None,
) -> None:
    """Run recipes on one dataset and write one table; nothing is pushed, and it can be resumed."""
    from pipeline.comparison.plan import planned

    plan = planned(config, _listed(recipes), _listed(without), seeds, ablate, single_tasks,
                   dataset=dataset, data_dir=data_dir, root=root, split=split,
                   beam_runner=beam_runner)
    from pipeline.comparison.compare import compare as run_all

    raise typer.Exit(run_all(plan, shlex.join(["tessera", *sys.argv[1:]]), open_console()))


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
