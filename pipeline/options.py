"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Dataset = Annotated[str | None, typer.Option(help="Name; see docs/running.md.")]
DataDir = Annotated[Path | None, typer.Option(
    help="Folder of the dataset's files; the demo and MovieLens come without.")]
Recipe = Annotated[str | None, typer.Option(help="Name of a recipe, or a YAML file.")]
Config = Annotated[Path | None, typer.Option(help="YAML file with a run's options.")]
ResultsRoot = Annotated[Path | None, typer.Option(help="Folder for all results.")]
Split = Annotated[str | None, typer.Option(help="u80, t80, random, or a column.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
