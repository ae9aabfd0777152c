"""One run, from configuration to exit code."""

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

import pipeline.process  # noqa: F401  (before TensorFlow)
import schemas
from components.catalog_gen.deletions import read_deletions
from components.catalog_gen.foresight import check_splits
from components.catalog_gen.splits import check_protocol
from components.sources import SOURCES, open_source
from pipeline import results
from pipeline.beside import Process, room_for_two
from pipeline.config import RunConfig, data_folder
from pipeline.console import say
from pipeline.model_report import Section
from pipeline.nodes import NodeError, NodeRun, failure_line, of_type, raise_failure
from pipeline.process import PeakMemory
from pipeline.recipe_checks import check_behaviour, check_part_names, check_tasks, try_encoders
from pipeline.root import (
    machine_faults_typed,
    new_run,
    one_at_a_time,
    one_run,
    read_json,
    require_usable,
    write_whole,
)
from pipeline.runs_page import write_runs_page
from pipeline.unread import leave_unread, notify_of_data
from pipeline.validation import validated_recipe
from trainer.recipe import BoundRecipe, bind

NOT_BLESSED = 4


def run(config: RunConfig, console: Console,
        on_end: Callable[[NodeRun], None] = lambda node: None) -> int:
    """Runs the pipeline on this machine.

    Args:
      config: What to run.
      console: Where one line a component goes.
      on_end: Called with what became of each node.

    Returns:
      The exit code: 0 pushed or already current, 4 not blessed.

    Raises:
      InputError: The input or the configuration cannot be used.
      DataAnomalyError: The data must not be trained on; report and metrics are written.
      TesseraError: A component failed, or the disk is full.
    """
    with machine_faults_typed(config.root):
        require_usable(config.root)
        with one_run(config.root, config.pipeline_name):
            return _run(config, console, on_end)


def _run(config: RunConfig, console: Console, on_end: Callable[[NodeRun], None]) -> int:
    provide_data(config, console)
    bound = check_configuration(config)
    try:
        config = config.pinned()
        check_data(config, bound.spec)
    except Exception as error:
        say(console, f"Data report: {leave_unread(config, bound.spec, error)}")
        raise
    with console.status("Trying the encoders"):
        lines = try_encoders(config)
    for line in lines:
        say(console, line)
    with console.status("Loading TFX"):
        import pipeline.local  # noqa: F401
    with console.status("") as status:
        def ended(node: NodeRun) -> None:
            how = "cached" if node.cached else "ran"
            say(console, f"{node.node:<32} {how:<7} {node.seconds:7.1f} s")
            on_end(node)

        outcome = carry_out(config, bound, lambda name: status.update(f"{name} is running"), ended,
                            Process() if room_for_two() else None)
    for name in ("data_report", "model_report"):
        if (outcome.folder / f"{name}.html").exists():
            label = name.replace("_", " ").capitalize()
            say(console, f"{label}: {outcome.folder / f'{name}.html'}")
    say(console, f"Metrics:     {outcome.folder / 'metrics.json'}")
    say(console, f"All runs:    {outcome.folder.parent / 'index.html'}")
    for warning in outcome.metrics.get("data", {}).get("warnings", []):
        say(console, f"Data:        WARN {warning}")
    if config.split == "random":
        say(console, "Split:       random: no figure is about what comes next")
    for note in outcome.metrics.get("notes", []):
        say(console, f"Note:        {note['text']}")
    if outcome.failure is not None:
        raise_failure(outcome.failure, outcome.error_log, config.root)
    if not outcome.metrics["blessed"]:
        for reason in outcome.metrics["not_blessed_because"]:
            say(console, f"Not blessed: {reason}")
        return NOT_BLESSED
    if not config.recipe.served:
        say(console, f"Blessed, not pushed: {outcome.metrics['serving']['skipped']}")
    elif config.push:
        say(console, f"Blessed and pushed: {config.root / 'serving' / config.pipeline_name}")
    else:
        say(console, "Blessed, and not pushed: the configuration says 'push: false'")
    return 0


@dataclass(frozen=True)
class Done:
    """What a run came to.

    Attributes:
      folder: Its folder under `<root>/runs`.
      metrics: The content of its `metrics.json`.
      nodes: The nodes that ended, by id.
      failure: The node that failed, if one did.
    """

    folder: Path
    metrics: dict[str, Any]
    nodes: dict[str, NodeRun]
    failure: NodeError | None

    @property
    def error_log(self) -> Path:
        """Where the whole story of a failure goes."""
        return self.folder / "error.log"


def carry_out(config: RunConfig, bound: BoundRecipe, on_start: Callable[[str], None],
              on_end: Callable[[NodeRun], None], second: Process | None = None) -> Done:
    """Runs the pipeline on data that are there, and writes the run's folder.

    Args:
      config: What to run.
      bound: The recipe and the dataset, checked against each other.
      on_start: Called with a node's id before it runs.
      on_end: Called with what became of it.
      second: Where a node runs beside another one, see `run_locally`.

    Returns:
      What it came to, also where a node failed.
    """
    from pipeline.dag import build_pipeline
    from pipeline.local import run_locally

    pipe = build_pipeline(config, bound, write_schemas(config.root, bound.spec))
    folder = new_run(config.root)
    nodes: dict[str, NodeRun] = {}
    failure = None

    def ended(node: NodeRun) -> None:
        nodes[node.node] = node
        on_end(node)

    with PeakMemory() as memory:
        try:
            run_locally(pipe, folder.name, on_start, ended, config.dataset_name, second)
        except NodeError as error:
            failure = error
    # Of two at once, the one that ends first may come last.
    nodes = {one.id: nodes[one.id] for one in pipe.components if one.id in nodes}
    metrics = {"work": config.work(bound.spec)} | results.collect(
        config, nodes, memory.megabytes)
    if failure is not None:
        metrics["not_blessed_because"] = [failure_line(failure)]
    try:
        results.write(folder, metrics, nodes)
        notify_of_data(folder, config, nodes, failure)
        if of_type(nodes, "ModelRun"):  # after the metrics: no fault of a page may cost them
            sections = _explained(bound, nodes) if failure is None else []
            results.write_model_report(folder, metrics, nodes, sections)
        write_runs_page(config.root)
    except OSError:
        if failure is None:  # else the first failure is reported, a full disk most likely
            raise
    return Done(folder, metrics, nodes, failure)


def _explained(bound: BoundRecipe, nodes: dict[str, NodeRun]) -> list[Section]:
    """Explains a few recommendations of the model, where there is one that can be asked."""
    if not bound.recipe.served:
        return []
    from pipeline.explanation.lineage import run_source
    from pipeline.explanation.page import explanations

    return explanations(run_source(bound, nodes))


def checked(config: RunConfig) -> BoundRecipe:
    """Binds the recipe to the dataset and holds the data against it, before anything runs.

    Raises:
      InputError: The data's files are not what they should be, or the recipe does not fit them.
    """
    bound = check_configuration(config)
    check_data(config, bound.spec)
    return bound


def check_configuration(config: RunConfig) -> BoundRecipe:
    """Binds the recipe to the dataset's schemas; no file of the data is read.

    Raises:
      InputError: The recipe does not fit them, or another file of the configuration is missing.
    """
    read_deletions(config.privacy.deletion_list)
    return check_recipe(config, config.spec())


def check_data(config: RunConfig, spec: schemas.FeatureSpec) -> None:
    """Opens the data and holds them against their schemas, before anything runs.

    Raises:
      InputError: The data's files are not what they should be, or have no row for a split.
    """
    check_splits(open_source(**config.source_arguments(spec)), spec, config.split)


def provide_data(config: RunConfig, console: Console) -> None:
    """Writes or fetches a dataset that was given no folder.

    Raises:
      InputError: It cannot be fetched.
    """
    if config.data_dir != data_folder(config.root, config.dataset):
        return
    if module := SOURCES[config.dataset].provide:
        with one_at_a_time(config.root, config.dataset):
            importlib.import_module(module).provide(config.dataset, config.data_dir, console)


def check_recipe(config: RunConfig, spec: schemas.FeatureSpec) -> BoundRecipe:
    """Binds a recipe to a dataset; refuses one or a split that the dataset cannot serve.

    Raises:
      InputError: A task's label is missing, or is not what its head needs; or the split cannot be.
    """
    check_protocol(config.split, spec)
    name, bound = config.recipe_name, bind(config.recipe, spec, config.recipe_name)
    # As components will read it, `tune` included.
    validated_recipe(bound.recipe.model_dump(mode="json"),
                     f"recipe {name!r} on dataset {spec.name!r}")
    check_behaviour(bound, name)
    check_part_names(bound, name)
    _check_labels(config, spec)
    check_tasks(bound, name)
    return bound


def _check_labels(config: RunConfig, spec: schemas.FeatureSpec) -> None:
    known = [label.name for label in spec.labels]
    references = [(f"task {name!r}, key {'labels' if task.labels else 'label'!r}", label)
                  for name, task in config.recipe.tasks.items() for label in task.targets]
    if config.recipe.relevant:
        references.append(("key 'relevant'", config.recipe.relevant))
    for where, label in references:
        if label not in known:
            raise schemas.InputError(
                "recipe-needs-label",
                f"Recipe {config.recipe_name!r}, {where}: needs the label {label!r}; dataset "
                f"{spec.name!r} has: {', '.join(known) or 'none'}. Tag a column of the "
                f"interactions 'label:{label}', or take a recipe without it: 'likes' needs "
                "no rating, and 'implicit' needs events alone.")
    for name, task in config.recipe.tasks.items():
        if task.kind.against_unseen and spec.unseen() is None:
            raise schemas.InputError(
                "recipe-needs-unseen",
                f"Recipe {config.recipe_name!r}, task {name!r}: the head {task.head.name!r} "
                f"compares events with unseen items, and the interactions of {spec.name!r} have no "
                "column for them. Add one with the tag 'unseen', the type of the item ids and "
                "value_count { min: 2 max: 2 }; ingest fills it.")


def write_schemas(root: Path, spec: schemas.FeatureSpec) -> Path:
    """Writes what the data are held against, where the schemas' content names the folder.

    TFX keys an imported schema by its path alone: an edited file would come from the cache.
    Another run may be reading the same files, so that none is ever seen half written.
    """
    texts = {side: spec.expectations(side) for side in schemas.SIDES}
    digest = hashlib.sha256(json.dumps([spec.name, texts]).encode()).hexdigest()
    folder = root / "schemas" / digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for side, text in texts.items():
        write_whole(folder / f"{side}.pbtxt", text.encode())
    return folder


def read_metrics(folder: Path) -> dict:
    """Reads a run's `metrics.json`."""
    return read_json(folder / "metrics.json")
