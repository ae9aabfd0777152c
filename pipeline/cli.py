"""The `tessera` command. Nothing heavy is imported before a command needs it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline import options, schema_commands
from pipeline.comparison import command as comparison
from pipeline.console import open_console
from pipeline.failure import exit_on_signal
from pipeline.kubeflow import command as kubeflow
from pipeline.privacy import command as privacy
from pipeline.quarantine import command as quarantine
from schemas.errors import InputError, TesseraError

app = options.Commands(
    help="Turns user, item and interaction data into a recommender in production.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)
app.add_typer(schema_commands.app, name="schema")
app.add_typer(privacy.app, name="privacy")
app.add_typer(quarantine.app, name="quarantine")
app.command()(comparison.compare)
console = open_console()

Root = Annotated[Path, typer.Option(help="Folder of runs, artifacts and pushed models.")]
Host = Annotated[str, typer.Option(help="Address of the server.")]
Port = Annotated[int, typer.Option(help="Port of the server.")]
_INTERRUPTED = 130  # what Typer makes of Ctrl-C
DEFAULT_ROOT = Path("tessera-runs")


@app.command()
def run(
    dataset: options.Dataset = None,
    data_dir: options.DataDir = None,
    recipe: options.Recipe = None,
    config: options.Config = None,
    root: options.ResultsRoot = None,
    split: options.Split = None,
    seed: options.Seed = None,
) -> None:
    """Run the pipeline: ingest, validate, train, evaluate, and push a model that is good enough."""
    from pipeline.config import load_config

    loaded = load_config(config, dataset=dataset, data_dir=data_dir, recipe=recipe, root=root,
                         split=split, seed=seed)
    from pipeline.run import run as run_pipeline

    raise typer.Exit(run_pipeline(loaded, console))


@app.command()
def tune(
    output: Annotated[Path, typer.Option("--output", "-o", help="The recipe file to write.")] =
        Path("best.yaml"),
    dataset: options.Dataset = None,
    data_dir: options.DataDir = None,
    recipe: Annotated[str | None, typer.Option(
        help="Name of a recipe, or a YAML file, with a section 'tune'.")] = None,
    config: options.Config = None,
    root: options.ResultsRoot = None,
    split: options.Split = None,
    seed: options.Seed = None,
) -> None:
    """Search the ranges that a recipe declares, and write the best values as a recipe."""
    from pipeline.config import load_config

    loaded = load_config(config, dataset=dataset, data_dir=data_dir, recipe=recipe, root=root,
                         split=split, seed=seed)
    from pipeline.tuning.command import tune as tune_recipe

    tune_recipe(loaded, output, console)


@app.command(name="compile")
def compile_(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    runner: Annotated[str, typer.Option(help="What the file is for: kubeflow.")] = "kubeflow",
    config: options.Config = None,
    dataset: options.Dataset = None,
    data_dir: Annotated[Path | None, typer.Option(help="The data's folder on the cluster.")] = None,
    recipe: options.Recipe = None,
    root: Annotated[Path | None, typer.Option(help="Folder for all results, there.")] = None,
) -> None:
    """Compile the pipeline for a cluster with Kubeflow Pipelines 2.x; see docs/kubeflow.md."""
    from pipeline.config import load_config
    from schemas import unknown

    if runner != "kubeflow":
        raise unknown("runner", runner, ("kubeflow",))
    loaded = load_config(config, dataset=dataset, data_dir=data_dir, recipe=recipe, root=root)
    from pipeline.kubeflow.compile import compile_kubeflow

    steps = compile_kubeflow(loaded, output)
    console.print(f"{output}: {len(steps) + 1} steps for Kubeflow Pipelines 2.x.",
                  highlight=False, soft_wrap=True)


app.command()(kubeflow.submit)


@app.command()
def report(
    root: Root = DEFAULT_ROOT,
    run_id: Annotated[str, typer.Option("--run", help="A run's id.")] = "latest",
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON instead.")] = False,
) -> None:
    """Show the data report of a run."""
    import webbrowser

    path = root / "runs" / run_id / f"data_report.{'json' if as_json else 'html'}"
    if not path.is_file():
        raise InputError("no-data-report",
                         f"No data report at {path}. Run `tessera run --root {root}` first, "
                         "or name a run with --run.")
    if as_json:
        print(path.read_text(encoding="utf-8"))
        return
    console.print(str(path.resolve()), highlight=False, markup=False, soft_wrap=True)
    if browser:
        webbrowser.open(path.resolve().as_uri())


@app.command()
def serve(
    root: Root = DEFAULT_ROOT,
    model: Annotated[str | None, typer.Option(
        help="A pushed model, such as demo-flagship-1, or a folder of versions; "
             "else the one pushed last.")] = None,
    model_config_file: Annotated[Path | None, typer.Option(
        help="A models.config of TensorFlow Serving, for several models, versions and labels.")] =
        None,
    host: Host = "127.0.0.1",
    port: Port = 8500,
    ssl_config_file: Annotated[Path | None, typer.Option(
        help="Keys and certificates, as TensorFlow Serving reads them.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Where Prometheus reads.")] = None,
) -> None:
    """Serve a pushed model over gRPC until interrupted."""
    import os

    from pipeline.pushed import serving_folder
    from serving.launch import Served
    from serving.launch import serve as serve_model

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = None if model_config_file else serving_folder(root, model)
    serve_model(Served(folder, model_config_file=model_config_file, host=host, port=port,
                       ssl_config_file=ssl_config_file, metrics_port=metrics_port))


@app.command()
def query(
    user: Annotated[str, typer.Option(help="A user's id; an unknown one is served too.")],
    k: Annotated[int, typer.Option(min=1, max=1000, help="Number of items.")] = 10,
    host: Host = "127.0.0.1",
    port: Port = 8500,
) -> None:
    """Ask a running server for recommendations."""
    from pipeline.console import recommendations
    from serving.client import Client

    with Client(host, port) as client:
        console.print(recommendations(user, client.recommend([user], k)[0]))


@app.command()
def explain(
    user: Annotated[str, typer.Option(help="A user's id.")],
    item: Annotated[str, typer.Option(help="An item's id.")],
    task: Annotated[str | None, typer.Option(
        help="Explain this task's score; else the one that ranks.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] =
        Path("explanation.html"),
    method: Annotated[str, typer.Option(
        help="occlusion: the score without each part; gradients: integrated gradients.")] =
        "occlusion",
    root: Root = DEFAULT_ROOT,
) -> None:
    """Show what the newest pushed model sees in an item for a user, as heat maps."""
    import pipeline.environment  # noqa: F401
    from pipeline.explanation.command import explain as explain_pair

    explanation = explain_pair(root, user, item, task, output, method)
    scores = ", ".join(f"{name} {score:.4f}" for name, score in explanation.scores.items())
    console.print(f"Scores: {scores}\n{output}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def demo(root: Root = DEFAULT_ROOT) -> None:
    """Run the pipeline on the demo shop, serve the model and query it."""
    from pipeline.config import load_config
    from pipeline.demo import run_demo

    raise typer.Exit(run_demo(load_config(None, dataset="demo", root=root), console))


@app.command()
def recipes() -> None:
    """List the recipes."""
    from pipeline.config import load_recipe
    from pipeline.config import recipes as names

    width = max(map(len, names()))
    for name in names():
        console.print(f"{name:<{width}} {load_recipe(name).description}", highlight=False,
                      markup=False, soft_wrap=True)


def main() -> None:
    """Runs a command; an error becomes one message and its exit code."""
    try:
        with exit_on_signal("Stopped", "What is finished is kept."):
            app(standalone_mode=True)
    except TesseraError as error:
        print(f"tessera: {error.line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            print("tessera: Interrupted. What is finished is kept; the same command goes on there.",
                  file=sys.stderr)
        raise
