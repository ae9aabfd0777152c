"""The commands around a server: it, its configuration, and who asks it."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline import options
from pipeline.console import open_console, say

console = open_console()


def serve(
    root: options.Root = options.DEFAULT_ROOT,
    model: Annotated[str | None, typer.Option(
        help="A pushed model, such as demo-flagship-1, or a folder of versions; "
             "else the one pushed last.")] = None,
    model_config_file: Annotated[Path | None, typer.Option(
        help="A models.config of TensorFlow Serving, for several models, versions and labels.")] =
        None,
    host: options.Host = "127.0.0.1",
    port: options.Port = 8500,
    ssl_config_file: Annotated[Path | None, typer.Option(
        help="Keys and certificates, as TensorFlow Serving reads them.")] = None,
    metrics_port: Annotated[int | None, typer.Option(
        min=0, max=65_535, help="Where Prometheus reads.")] = None,
    request_log: Annotated[Path | None, typer.Option(
        help="Folder for a sample of the requests, without users' ids; none if not given.")] = None,
    request_log_share: Annotated[float, typer.Option(
        help="How many of the requests are in the sample, at most 1.")] = 0.01,
    rest_port: Annotated[int | None, typer.Option(
        min=0, max=65_535, help="Where REST is served, without TLS; nowhere if not given.")] = None,
) -> None:
    """Serve a pushed model over gRPC until interrupted."""
    from pipeline.pushed import serving_folder
    from serving.launch import Served
    from serving.launch import serve as serve_model

    folder = None if model_config_file else serving_folder(root, model)
    serve_model(Served(folder, model_config_file=model_config_file, host=host, port=port,
                       ssl_config_file=ssl_config_file, metrics_port=metrics_port,
                       request_log=request_log, request_log_share=request_log_share,
                       rest_port=rest_port))


def query(
    user: Annotated[str, typer.Option(help="A user's id; an unknown one is served too.")],
    k: Annotated[int, typer.Option(min=1, max=1000, help="Number of items.")] = 10,
    host: options.Host = "127.0.0.1",
    port: options.Port = 8500,
    unavailable: options.Unavailable = None,
    ca: options.Ca = None,
    key: options.Key = None,
    certificate: options.Certificate = None,
    dataset: options.Dataset = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    root: options.ResultsRoot = None,
) -> None:
    """Ask a running server for recommendations; a dataset adds titles and pictures' paths."""
    from pipeline.console import recommendations
    from serving.client import Client

    with Client(host, port, unavailable=unavailable, ca=ca, key=key,
                certificate=certificate) as client:
        items = client.recommend([user], k)[0]
    rows = None
    if dataset or config:
        from pipeline.config import load_config
        from pipeline.item_rows import item_rows

        rows = item_rows(load_config(config, dataset=dataset, data_dir=data_dir, root=root),
                         {item.item_id for item in items})
    console.print(recommendations(user, items, rows))


def score(
    input: Annotated[Path, typer.Option("--input", help="Parquet file with a column user_id.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The Parquet file to write.")],
    k: Annotated[int, typer.Option(min=1, max=1000, help="Items for each user.")] = 10,
    host: options.Host = "127.0.0.1",
    port: options.Port = 8500,
    unavailable: options.Unavailable = None,
    ca: options.Ca = None,
    key: options.Key = None,
    certificate: options.Certificate = None,
) -> None:
    """Ask a running server for the recommendations of many users; a stopped job goes on."""
    from serving.bulk import score as score_users
    from serving.bulk import version_to_ask
    from serving.client import Client

    ask = partial(Client, host, port, timeout_s=60.0, unavailable=unavailable, ca=ca, key=key,
                  certificate=certificate)
    with ask() as client:
        version = version_to_ask(client, output)
    with ask(version=version) as client:
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
