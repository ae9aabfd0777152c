"""`tessera privacy`, `tessera forget` and `tessera prune`: what may be known, and for how long."""

import codecs
from pathlib import Path
from typing import Annotated

import typer

from pipeline import options
from pipeline.console import open_console, say
from schemas.errors import DataAnomalyError, InputError

app = options.Commands(help="Personal data: pseudonyms, and a search for raw values.",
                       no_args_is_help=True)
console = open_console()
_DATA = "data"  # under the root: where the demo is written and MovieLens fetched, raw


@app.command()
def scan(
    values: Annotated[Path, typer.Option(help="A file of raw values, one a line.")],
    root: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("tessera-runs"),
) -> None:
    """Search every artifact, report, log and model under a root for raw values."""
    from components.privacy.scan import scan as scan_folder

    if not root.is_dir():
        raise InputError("no-root-to-scan", f"There is no folder {root}. Give one with --root.")
    try:
        text = values.read_bytes().removeprefix(codecs.BOM_UTF8)
        wanted = [line for line in text.splitlines() if line.strip()]
    except OSError as error:
        raise InputError("unreadable-values", f"Cannot read {values}: {error.strerror}. Give a "
                         "file of raw values, one a line, with --values.") from error
    if not wanted:
        raise InputError("no-values", f"{values} has no value. Write one a line.")
    files = scan_folder(root, wanted, (_DATA,))
    for name, hits in files.items():  # a value itself is never shown
        lines = ", ".join(f"line {place + 1}: {count:,}" for place, count in hits.items())
        say(console, f"{name}: {lines}")
    say(console, f"{len(wanted):,} values, found in {len(files):,} files under {root}.")
    if files:
        raise typer.Exit(DataAnomalyError.exit_code)


@app.command()
def pseudonym(
    user: Annotated[str, typer.Argument(help="A user's id, as the data have it.")],
    whole: Annotated[bool, typer.Option("--int", help="Ids are whole numbers.")] = False,
) -> None:
    """Print what the models call a user, with the key of the environment."""
    from components.privacy.options import Pseudonyms
    from schemas.values.numbers import integer
    from schemas.values.text import normal_identity

    text = normal_identity(user)
    number = integer(text) if whole else None
    if whole and number is None:
        raise InputError("user-no-integer", "The user's id is no whole number; leave out --int.")
    made = Pseudonyms.from_environment().of(text.encode() if number is None else number)
    print(made.decode() if isinstance(made, bytes) else made)


def forget(
    user: Annotated[str, typer.Argument(help="A user's id as the model has it.")],
    model: Annotated[str | None, typer.Option(
        help="A pushed model, such as demo-flagship-1; else the one pushed last.")] = None,
    root: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("tessera-runs"),
) -> None:
    """Push the newest version of a model again, without a user's id, history and rows."""
    from pipeline.pushed import serving_folder

    serving_folder(root, model)  # before what takes seconds to load
    import pipeline.process  # noqa: F401
    from pipeline.privacy.forget import forget as forget_user

    made = forget_user(root, user, model)
    say(console, f"{made} does not know the user. The versions before it do, and so do the "
                 "artifacts of the runs: delete them with `tessera prune`, and put the user on "
                 "the deletion list.")


def prune(
    keep: Annotated[int, typer.Option(min=1, help="So many of the newest runs are kept.")] = 10,
    days: Annotated[float | None, typer.Option(
        min=0, help="Runs that are younger are kept, too.")] = None,
    versions: Annotated[int | None, typer.Option(
        min=1, help="So many of the newest versions of each pushed model are kept; else all.")] =
        None,
    max_age: Annotated[float | None, typer.Option(
        min=0, help="Nothing else keeps what began so many days ago, but a dataset's newest run "
                    "and a model's newest version.")] = None,
    delete: Annotated[bool, typer.Option(
        "--delete", help="Delete them; else they are listed alone.")] = False,
    root: Annotated[Path, typer.Option(help="Folder of all results.")] = Path("tessera-runs"),
) -> None:
    """List, or delete, the runs and artifacts that are old and not in use."""
    import time

    import pipeline.process  # noqa: F401
    from pipeline.prune import delete as delete_planned
    from pipeline.prune import plan

    planned = plan(root, keep, days, versions, time.time(), max_age)
    for folder in planned.folders:
        say(console, str(folder.relative_to(root) if folder.is_relative_to(root) else folder))
    summary = f"{len(planned.folders):,} folders, {planned.size / 1e6:,.1f} MB"
    if delete:
        delete_planned(root, planned)
        say(console, f"Deleted: {summary}. Kept: {len(planned.kept)} runs.")
    else:
        say(console, f"To delete: {summary}. Kept: {len(planned.kept)} runs. Nothing was deleted; "
                     "add --delete.")
