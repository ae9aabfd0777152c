"""`tessera schema ...`: the command line of inference and check."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.console import open_console, say
from pipeline.options import Commands
from schemas.errors import InputError

app = Commands(help="Draft the schemas of your own files, or check them.",
                  no_args_is_help=True)
console = open_console()

Files = Annotated[list[str] | None, typer.Option(
    help="Path or glob from the data's folder; may be given again.")]
Dataset = Annotated[str | None, typer.Option(help="csv, parquet or jsonl.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the files.")]
Config = Annotated[Path | None, typer.Option(help="YAML file whose `source` names the files.")]
Delimiter = Annotated[str | None, typer.Option(
    help="Separates the fields of CSV, such as ';' or tab; ',' if none is given.")]
Encoding = Annotated[str | None, typer.Option(help="Of text files; utf-8 if none is given.")]
Quoting = Annotated[str | None, typer.Option(
    help="Of CSV: standard, backslash (before a quote within quotes) or none.")]
Decimal = Annotated[str | None, typer.Option(help="Decimal mark of text files, '.' or ','.")]
ListSeparator = Annotated[str | None, typer.Option(
    help="Separates several values in one field; '|' if none is given.")]
MediaDir = Annotated[str | None, typer.Option(
    help="Folder that paths of pictures and sounds start from, from the data's folder.")]


@app.command()
def infer(
    interactions: Files = None, users: Files = None, items: Files = None,
    dataset: Dataset = None, data_dir: DataDir = None, config: Config = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the schemas; `schemas` or the "
                                                  "configuration's if none is given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite schemas.")] = False,
    delimiter: Delimiter = None, encoding: Encoding = None, decimal: Decimal = None,
    list_separator: ListSeparator = None, media_dir: MediaDir = None, quoting: Quoting = None,
) -> None:
    """Propose schemas from the first rows of your tables; you decide where they say DECIDE."""
    from pipeline.inference.tables import named_tables

    tables = named_tables(config, data_dir, dataset, **_given(
        interactions, users, items, delimiter, encoding, decimal, list_separator, media_dir,
        quoting))
    from pipeline.inference.infer import infer as infer_schemas

    raise typer.Exit(infer_schemas(tables, out or _schemas(config) or Path("schemas"),
                                   config is not None, force, console))


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(
        help="Folder of the schemas, or the name of one that comes with Tessera; the "
             "configuration's if none is given.")] = None,
    interactions: Files = None, users: Files = None, items: Files = None,
    dataset: Dataset = None, data_dir: DataDir = None, config: Config = None,
    delimiter: Delimiter = None, encoding: Encoding = None, decimal: Decimal = None,
    list_separator: ListSeparator = None, media_dir: MediaDir = None, quoting: Quoting = None,
) -> None:
    """Show what a schema says; with the files, see whether their first rows keep to it."""
    from schemas import read_spec

    given = _given(interactions, users, items, delimiter, encoding, decimal, list_separator,
                   media_dir, quoting)
    folder = folder or _schemas(config)
    if folder is None:
        raise InputError("no-schemas",
                         "No schemas given. Name their folder, or a file with --config whose key "
                         "'schemas' does.")
    spec = read_spec(str(folder) if folder.parent == Path() else folder)
    from pipeline.inference.check import describe, look, missed, report

    console.print(describe(spec))
    for line in missed(spec):
        say(console, line)
    if config is None and not any(given.values()):
        return
    from pipeline.checks import Checks
    from pipeline.config import load_config
    from pipeline.inference.tables import named_tables

    tables = named_tables(config, data_dir, dataset, **given)
    limit, split = Checks().max_quarantine_share, None
    if config:
        from components.catalog_gen.splits import check_protocol

        loaded = load_config(config, schemas=folder.absolute(), dataset=tables.dataset,
                             data_dir=tables.data_dir, source=tables.options.model_dump())
        check_protocol(loaded.split, spec)
        limit, split = loaded.checks.max_quarantine_share, loaded.split
    import pipeline.process  # noqa: F401
    from components.sources import open_source

    source = open_source(tables.dataset, str(tables.data_dir), {
        "spec": json.loads(spec.to_json()), "options": tables.options.model_dump(mode="json")})
    report(look(source, spec), limit, console)
    if split:
        from components.catalog_gen.foresight import check_splits

        check_splits(source, spec, split)


def _given(interactions: list[str] | None, users: list[str] | None, items: list[str] | None,
           delimiter: str | None, encoding: str | None, decimal: str | None,
           list_separator: str | None, media_dir: str | None,
           quoting: str | None) -> dict[str, Any]:
    """Returns what the command line says of the files, by the key of `source`."""
    if delimiter in ("\\t", "tab"):  # a shell hands a tab over in quotes of its own only
        delimiter = "\t"
    return {"interactions": interactions, "users": users, "items": items, "delimiter": delimiter,
            "encoding": encoding, "decimal": decimal, "list_separator": list_separator,
            "media_dir": media_dir, "quoting": quoting}


def _schemas(config: Path | None) -> Path | None:
    """Returns the folder that a configuration names."""
    from pipeline.yaml_loader import read_yaml

    named = read_yaml(config).get("schemas") if config else None
    return config.parent / str(named) if config and named else None
