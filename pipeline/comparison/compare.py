"""`tessera compare`: runs what is planned, one after another, and writes one table."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import pipeline.process  # noqa: F401  (before TensorFlow)
from pipeline.comparison.cost import cost, duration, earlier_runs, estimate
from pipeline.comparison.figures import rows
from pipeline.comparison.paired import of_users
from pipeline.comparison.plan import Plan
from pipeline.comparison.record import finished, folder_of, run_key, write
from pipeline.comparison.table import cells, notes, summary
from pipeline.config import RunConfig
from pipeline.console import say
from pipeline.nodes import NodeRun, failure_line, raise_failure
from pipeline.process import forget_model
from pipeline.recipe_checks import try_encoders
from pipeline.root import machine_faults_typed, one_run, require_usable
from pipeline.run import carry_out, checked, provide_data
from schemas.errors import DataAnomalyError, TesseraError, disk_fault
from trainer.recipe import BoundRecipe

_FAILED = 1


def compare(plan: Plan, command: str, console: Console) -> int:
    """Runs all configurations and writes a folder of `<root>/comparisons/<dataset>`.

    What is finished comes from TFX's cache, so that a comparison that was stopped goes on where
    it was. The files appear whole, after each run.

    Args:
      plan: The runs, of one dataset.
      command: The command that makes the table, for its readers.
      console: Where the estimate, a line a run, and the table go.

    Returns:
      The exit code: 0, or 1 where a run failed. A model that is not blessed is no failure.

    Raises:
      InputError: The data cannot be read, or a recipe does not fit them; nothing ran.
      DataAnomalyError: The data must not be trained on.
      TesseraError: The disk is full.
    """
    configs, first = plan.configs, plan.configs[0]
    with machine_faults_typed(first.root):
        require_usable(first.root)
        provide_data(first, console)
        bound = {config.recipe_name: checked(config) for config in configs}
        for line in dict.fromkeys(line for config in configs for line in try_encoders(config)):
            say(console, line)
        folder = folder_of(plan)
        for line in (*plan.left_out, *estimate(configs, finished(plan))):
            say(console, line)
        with console.status("Loading TFX"):
            import pipeline.local  # noqa: F401
        runs: list[dict[str, Any]] = []
        for number, config in enumerate(configs, start=1):
            started = time.monotonic()
            run = _one(config, bound[config.recipe_name], console)
            runs.append(run)
            write(folder, runs, plan, command)
            say(console, f"[{number}/{len(configs)}] {config.recipe_name}, seed {config.seed}: "
                         f"{_outcome(run)}; {duration(time.monotonic() - started)}")
    _show(rows(runs), console)
    say(console, f"Comparison: {folder / 'comparison.md'}")
    return _FAILED if any(run["failed"] for run in runs) else 0


def _one(config: RunConfig, bound: BoundRecipe, console: Console) -> dict[str, Any]:
    """Runs a pipeline; what is wrong with one recipe is its own affair."""
    run: dict[str, Any] = {
        "recipe": config.recipe_name, "seed": config.seed, "relevant": config.recipe.relevance,
        "asked": run_key(config), "failed": None,
    }
    try:
        with one_run(config.root, config.pipeline_name), console.status("") as status:
            def started(node: str) -> None:
                status.update(escape(
                    f"{config.recipe_name}, seed {config.seed}: {node} is running"))

            def ended(node: NodeRun) -> None:
                status.update("")

            outcome = carry_out(config, bound, started, ended)
    except TesseraError as error:
        return run | {"failed": error.line}
    finally:
        forget_model()
    run |= {"run": outcome.folder.name}
    if outcome.failure is None:
        spent = cost(outcome.metrics, list(earlier_runs(config.root)))
        return run | {"metrics": outcome.metrics, "cost": spent,
                      "of_users": of_users(outcome.nodes)}
    try:  # the whole story goes to the run's folder
        raise_failure(outcome.failure, outcome.error_log, config.root)
    except DataAnomalyError:
        raise  # it would stop every recipe
    except TesseraError:
        if disk_fault(outcome.failure):
            raise
        return run | {"failed": failure_line(outcome.failure)}


def _outcome(run: dict[str, Any]) -> str:
    if run["failed"]:
        return f"failed: {run['failed']}"
    metrics = run["metrics"]
    blessed = "blessed" if metrics["blessed"] else "not blessed"
    ndcg = metrics.get("ranking", {}).get("ndcg@10")
    return blessed if ndcg is None else f"NDCG@10 {ndcg:.4f}, {blessed}"


def _show(table: list[dict[str, Any]], console: Console) -> None:
    heading, lines = cells(table)
    shown = Table()
    for number, name in enumerate(heading):
        shown.add_column(escape(name), overflow="fold",
                         justify="right" if 0 < number < len(heading) - 1 else "left")
    for line in lines:
        shown.add_row(*map(escape, line))
    console.print(shown)
    for note in (*summary(table), *notes(table)):
        say(console, f"  {note}")
