"""The commands around a server beside `serve` and `query`: bulk scoring and its configuration."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.console import open_console, say
from pipeline.options import Port

console = open_console()


def score(
    input: Annotated[Path, typer.Option("--input", help="Parquet file with a column user_id.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The Parquet file to write.")],
    k: Annotated[int, typer.Option(min=1, max=1000, help="Items for each user.")] = 10,
    host: Annotated[str, typer.Option(help="Address of the server.")] = "127.0.0.1",
    port: Port = 8500,
) -> None:
    """Ask a running server for the recommendations of many users; a stopped job goes on."""
    from serving.bulk import score as score_users
    from serving.bulk import version_to_ask
    from serving.client import Client

    with Client(host, port, timeout_s=60.0) as client:
        version = version_to_ask(client, output)
    with Client(host, port, timeout_s=60.0, version=version) as client:
        users = score_users(client, input, output, k)
    say(console, f"{output}: {users:,} users, version {version}.")


def serving_config(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")] =
        Path("serving-config"),
    base_path: Annotated[Path, typer.Option(
        help="Folder of the versions, where the server sees it.")] = Path("/models/tessera"),
    name: Annotated[str, typer.Option(help="The model's name.")] = "tessera",
    newest: Annotated[int, typer.Option(
        min=0, max=2**31 - 1, help="How many of the newest versions are served; 0 for all.")] = 2,
    label: Annotated[list[str] | None, typer.Option(
        help="A version's label, such as stable=1785000000; may be given again.")] = None,
    threads: Annotated[int | None, typer.Option(
        min=1, help="The server's cores; this machine's if none is given.")] = None,
) -> None:
    """Write the configuration of TensorFlow Serving: models, batching and monitoring."""
    from serving.config_files import config_files, parsed_labels, write_config_files
    from serving.model_config import ModelConfig

    model = ModelConfig(name, base_path, newest, labels=parsed_labels(label or []))
    for path in write_config_files(config_files(model, threads or os.cpu_count() or 1), output):
        say(console, str(path))
