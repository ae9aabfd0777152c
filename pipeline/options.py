"""Options that several commands share, and the one that all have."""

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas import log
from schemas.errors import InputError
from schemas.values.text import plain_path

Dataset = Annotated[str | None, typer.Option(help="Name; see docs/running.md.")]
DataDir = Annotated[Path | None, typer.Option(
    help="Folder of the dataset's files; the demo and MovieLens come without.")]
Recipe = Annotated[str | None, typer.Option(help="Name of a recipe, or a YAML file.")]
Config = Annotated[Path | None, typer.Option(help="YAML file with a run's options.")]
ResultsRoot = Annotated[Path | None, typer.Option(help="Folder for all results.")]
Split = Annotated[str | None, typer.Option(help="u80, t80, random, or a column.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
BeamRunner = Annotated[str | None, typer.Option(
    help="What runs the data steps: direct, flink, spark or dataflow; see docs/scaling.md.")]
Span = Annotated[str | None, typer.Option(
    help="Day of the newest daily folder that is read, such as 2026-11-21.")]
Root = Annotated[Path, typer.Option(help="Folder of runs, artifacts and pushed models.")]
DEFAULT_ROOT = Path("tessera-runs")
Host = Annotated[str, typer.Option(help="Address of the server.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port of the server.")]
Ca = Annotated[Path | None, typer.Option(
    help="Authorities of the server's certificate, a PEM file; no TLS if not given.")]
Key = Annotated[Path | None, typer.Option(
    help="The client's own key, a PEM file, where the server asks for a certificate.")]
Certificate = Annotated[Path | None, typer.Option(help="The certificate of --key.")]
Unavailable = Annotated[Path | None, typer.Option(
    help="File of items that are not recommended, one id a line.")]
Verbose = Annotated[bool, typer.Option(
    "--verbose", help=f"Log everything, as {log.VARIABLE}=debug does.")]


class Commands(typer.Typer):
    """Commands that all take `--verbose` and show the log."""

    def command(self, name: str | None = None, **given: Any) -> Callable:
        """Registers a function as Typer does, with one option more."""
        register = super().command(name, **given)
        return lambda function: register(_verbose(function))


def _check_characters(value: Any) -> None:
    """Refuses paths that no metadata and no terminal can hold, and texts that are no text."""
    try:
        if isinstance(value, Path):
            plain_path(value)
        elif isinstance(value, str):
            value.encode()
    except UnicodeEncodeError as error:
        raise InputError("argument-not-utf8",
                         f"The argument {value!r} is no UTF-8. Give it so.") from error
    except ValueError as error:
        raise InputError("unusable-characters",
                         f"The path {str(value)!r} cannot be used: {error}.") from error


def _verbose(function: Callable) -> Callable:
    @functools.wraps(function)
    def command(*args: Any, verbose: bool = False, **given: Any) -> Any:
        for value in given.values():
            _check_characters(value)
        if verbose:
            os.environ[log.VARIABLE] = "debug"  # other processes read it too
        log.show()
        return function(*args, **given)

    # Typer reads the options from here.
    signature = inspect.signature(function)
    option = inspect.Parameter("verbose", inspect.Parameter.KEYWORD_ONLY, default=False,
                               annotation=Verbose)
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), option])
    command.__annotations__ = {**function.__annotations__, "verbose": Verbose}
    return command
