"""`tessera quarantine`: shows what a run left out, and whether it would be taken now."""

import itertools
import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline import options
from pipeline.console import open_console, say
from schemas import DataAnomalyError

app = options.Commands(help="What ingest left out: each bad record with file, line and reason.",
                       no_args_is_help=True)
console = open_console()
Root = Annotated[Path, typer.Option(help="Folder of runs, artifacts and pushed models.")]
Run = Annotated[str, typer.Option("--run", help="A run's id.")]


@app.command()
def show(
    root: Root = Path("tessera-runs"),
    run: Run = "latest",
    most: Annotated[int, typer.Option(min=1, help="Most records to show.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="All of them, a JSON object a line.")] =
        False,
) -> None:
    """Show each record that a run left out, or of which it left out values."""
    from pipeline.quarantine.records import quarantine_of, read_records

    records = read_records(quarantine_of(root, run))
    if as_json:
        for one in records:
            print(json.dumps(one.as_json(), ensure_ascii=False))
        return
    for one in itertools.islice(records, most):
        say(console, str(one))
    if more := sum(1 for _ in records):
        say(console, f"and {more:,} more; --json prints all")


@app.command()
def replay(
    root: Root = Path("tessera-runs"),
    run: Run = "latest",
    dataset: options.Dataset = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
) -> None:
    """Read a run's data as they are now: which of the records that it left out are whole."""
    from pipeline.config import load_config
    from pipeline.quarantine.records import quarantine_of, spans_of

    folder = quarantine_of(root, run)
    loaded = load_config(config, dataset=dataset, data_dir=data_dir, root=root)
    if spans := spans_of(root, run):
        loaded = loaded.model_copy(update={"spans": spans})
    import pipeline.process  # noqa: F401
    from pipeline.quarantine.replay import replay as replay_records

    result = replay_records(loaded, folder)
    for one in (*result.remaining, *result.new):
        say(console, str(one))
    say(console, str(result))
    if result.remaining or result.new:
        raise typer.Exit(DataAnomalyError.exit_code)
