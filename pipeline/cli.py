"""The `tessera` command. Nothing heavy is imported before a command needs it."""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline import options, schema_commands, serving_commands
from pipeline.comparison import command as comparison
from pipeline.console import open_console, say
from pipeline.kubeflow import command as kubeflow
from pipeline.nodes import exit_on_signal
from pipeline.privacy import command as privacy
from pipeline.quarantine import command as quarantine
from pipeline.skew import command as skew
from schemas.errors import InputError, TesseraError

app = options.Commands(
    help="Turns user, item and interaction data into a recommender in production.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)
app.add_typer(schema_commands.app, name="schema")
app.add_typer(privacy.app, name="privacy")
app.add_typer(quarantine.app, name="quarantine")
app.command()(privacy.forget)
app.command()(privacy.prune)
app.command()(comparison.compare)
app.command()(serving_commands.score)
app.command()(serving_commands.serving_config)
app.command()(skew.skew)
console = open_console()

_INTERRUPTED = 130  # what Typer makes of Ctrl-C


@app.command()
def run(
    dataset: options.Dataset = None,
    data_dir: options.DataDir = None,
    recipe: options.Recipe = None,
    config: options.Config = None,
    root: options.ResultsRoot = None,
    split: options.Split = None,
    seed: options.Seed = None,
    beam_runner: options.BeamRunner = None,
    span: options.Span = None,
) -> None:
    """Run the pipeline: ingest, validate, train, evaluate, and push a model that is good enough."""
    from pipeline.config import load_config

    loaded = load_config(config, dataset=dataset, data_dir=data_dir, recipe=recipe, root=root,
                         split=split, seed=seed, beam_runner=beam_runner, span=span)
    from pipeline.run import run as run_pipeline

    raise typer.Exit(run_pipeline(loaded, console))


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="The first day, such as 2026-11-01.")],
    last: Annotated[str, typer.Option("--to", help="The last day.")],
    dataset: options.Dataset = None,
    data_dir: options.DataDir = None,
    recipe: options.Recipe = None,
    config: options.Config = None,
    root: options.ResultsRoot = None,
    split: options.Split = None,
    seed: options.Seed = None,
    beam_runner: options.BeamRunner = None,
) -> None:
    """Run the daily folders from one day to another that have no blessed run yet, in order."""
    from pipeline.config import load_config

    loaded = load_config(config, dataset=dataset, data_dir=data_dir, recipe=recipe, root=root,
                         split=split, seed=seed, beam_runner=beam_runner)
    from pipeline.backfill import backfill as run_spans

    raise typer.Exit(run_spans(loaded, first, last, console))


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
    beam_runner: options.BeamRunner = None,
) -> None:
    """Search the ranges that a recipe declares, and write the best values as a recipe."""
    from pipeline.config import load_config

    loaded = load_config(config, dataset=dataset, data_dir=data_dir, recipe=recipe, root=root,
                         split=split, seed=seed, beam_runner=beam_runner)
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
    beam_runner: options.BeamRunner = None,
) -> None:
    """Compile the pipeline for a cluster with Kubeflow Pipelines 2.x; see docs/kubeflow.md."""
    from pipeline.config import load_config
    from schemas import unknown

    if runner != "kubeflow":
        raise unknown("runner", runner, ("kubeflow",))
    loaded = load_config(config, dataset=dataset, data_dir=data_dir, recipe=recipe, root=root,
                         beam_runner=beam_runner)
    from pipeline.kubeflow.compile import compile_kubeflow

    steps = compile_kubeflow(loaded, output)
    say(console, f"{output}: {len(steps) + 1} steps for Kubeflow Pipelines 2.x.")


app.command()(kubeflow.submit)


@app.command()
def beam_worker(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(
        min=0, max=65_535, help="Port to listen on; 0 for one that is free.")] = 50000,
) -> None:
    """Wait for a Flink or Spark cluster that asks for Python workers; see docs/scaling.md."""
    import pipeline.process  # noqa: F401
    from pipeline.beam.worker_pool import run_pool

    run_pool(host, port, partial(say, console))


@app.command()
def report(
    root: options.Root = options.DEFAULT_ROOT,
    run_id: Annotated[str, typer.Option("--run", help="A run's id.")] = "latest",
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON instead.")] = False,
) -> None:
    """Show the data report of a run."""
    import webbrowser

    from pipeline.root import read_json

    path = root / "runs" / run_id / f"data_report.{'json' if as_json else 'html'}"
    if not path.is_file():
        raise InputError("no-data-report",
                         f"No data report at {path}. Run `tessera run --root {root}` first, "
                         "or name a run with --run.")
    if as_json:
        read_json(path)  # or whatever is in its place would be printed
        print(path.read_text(encoding="utf-8"))
        return
    say(console, str(path.resolve()))
    if browser:
        webbrowser.open(path.resolve().as_uri())


@app.command()
def runs(
    root: options.Root = options.DEFAULT_ROOT,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
) -> None:
    """Show all runs: verdicts, metrics over time, links to their reports."""
    import webbrowser

    from pipeline.runs_page import write_runs_page

    if not (root / "runs").is_dir():
        raise InputError("no-runs", f"There are no runs under {root}. Give the root of a "
                                    "`tessera run` with --root.")
    path = write_runs_page(root).resolve()
    say(console, str(path))
    if browser:
        webbrowser.open(path.as_uri())


app.command()(serving_commands.serve)
app.command()(serving_commands.query)


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
    root: options.Root = options.DEFAULT_ROOT,
) -> None:
    """Show what the newest pushed model sees in an item for a user, as heat maps."""
    import pipeline.process  # noqa: F401
    from pipeline.explanation.command import explain as explain_pair

    explanation = explain_pair(root, user, item, task, output, method)
    scores = ", ".join(f"{name} {score:.4f}" for name, score in explanation.scores.items())
    lines = [f"Scores: {scores}"]
    if explanation.rankers:
        lines.append("Of it:  " + ", ".join(
            f"{name} {value:+.4f}" for name, value in explanation.rankers.items()))
    say(console, "\n".join([*lines, str(output)]))


@app.command()
def lineage(
    version: Annotated[str, typer.Argument(
        help="The number of a pushed version, or its folder; latest is the one pushed last.")],
    model: Annotated[str | None, typer.Option(
        help="A pushed model, such as demo-flagship-1; else the one pushed last.")] = None,
    root: options.Root = options.DEFAULT_ROOT,
) -> None:
    """Print what a pushed model was made of, and the models before it, as JSON."""
    import json

    from pipeline.lineage import lineage_of

    print(json.dumps(lineage_of(root, version, model), indent=1, ensure_ascii=False))


@app.command()
def demo(root: options.Root = options.DEFAULT_ROOT) -> None:
    """Run the pipeline on the demo shop, serve the model and query it."""
    from pipeline.config import load_config
    from pipeline.demo import run_demo

    raise typer.Exit(run_demo(load_config(None, dataset="demo", root=root), console))


@app.command()
def recipes() -> None:
    """List the recipes."""
    from pipeline.recipe_files import load_recipe
    from pipeline.recipe_files import recipes as names

    width = max(map(len, names()))
    for name in names():
        say(console, f"{name:<{width}} {load_recipe(name).description}")


def main() -> None:
    """Runs a command; an error becomes one message and its exit code."""
    try:
        with exit_on_signal("Stopped", "What is finished is kept."):
            app(standalone_mode=True)
    except TesseraError as error:
        print(f"tessera: {error.line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        logging.getLogger("tessera").debug("a file cannot be used", exc_info=True)
        fault = InputError("unusable-path", f"Cannot use {error.filename}: {error.strerror}. Check "
                           "the path and what is there, or give another one.")
        print(f"tessera: {fault.line}", file=sys.stderr)
        sys.exit(fault.exit_code)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            print("tessera: Interrupted. What is finished is kept; the same command goes on there.",
                  file=sys.stderr)
        raise
