"""`tessera skew`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.console import open_console
from pipeline.lineage import version_folder
from pipeline.pushed import serving_folder

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.skew.measure import Skew

console = open_console()
_SKEWED = 3  # the exit code of data that are not as they should be


def skew(
    log: Annotated[Path, typer.Argument(help="Folder of a server's log of requests.")],
    version: Annotated[int | None, typer.Option(
        help="The version that was asked; else the newest in the log.")] = None,
    model: Annotated[str | None, typer.Option(
        help="A pushed model, such as demo-flagship-1; else the one pushed last.")] = None,
    root: Annotated[Path, typer.Option(help="Folder of runs, artifacts and pushed models.")] =
        Path("tessera-runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] =
        False,
) -> None:
    """Compare what a server is asked with what its model learned from; exit code 3 on skew."""
    pushed = serving_folder(root, model)
    import pipeline.process  # noqa: F401
    from pipeline.skew.measure import Verdict, skew_of
    from pipeline.skew.requests import read_requests

    requests = read_requests(log, version)
    skews = skew_of(requests, root, version_folder(pushed, requests.version))
    if as_json:
        print(json.dumps({"version": requests.version, "rows": requests.rows,
                          "skew": [one.as_json() for one in skews]}, indent=1))
    else:
        console.print(_table(f"{requests.rows:,} rows asked of version {requests.version}", skews))
    if any(one.verdict is Verdict.SKEW for one in skews):
        raise typer.Exit(_SKEWED)


def _table(title: str, skews: "list[Skew]") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title)
    for column in ("input", "column", "values", "measure", "value", "threshold", "verdict"):
        table.add_column(column, overflow="fold",
                         justify="right" if column.startswith("val") else "left")
    for one in skews:
        table.add_row(escape(one.input), escape(one.column), f"{one.values:,}", one.measure,
                      "" if one.value is None else f"{one.value:.4f}", f"{one.threshold:g}",
                      str(one.verdict))
    return table
