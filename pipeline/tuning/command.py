"""One search, from configuration to recipe file."""

import datetime
import json
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

import pipeline.process  # noqa: F401  (before TensorFlow)
from pipeline.config import RunConfig
from pipeline.console import say
from pipeline.nodes import NodeError, NodeRun, of_type, raise_failure
from pipeline.recipe_checks import try_encoders
from pipeline.root import machine_faults_typed, one_run, require_usable, write_whole
from pipeline.run import checked, provide_data, write_schemas
from schemas import InputError
from trainer.recipe import Recipe
from trainer.recipe.families import ranges_of
from trainer.recipe.tune import with_values

_RESULTS = "tuner_results.json"  # the stock Tuner's
_SHOWN = 10


def tune(config: RunConfig, output: Path, console: Console) -> None:
    """Searches a recipe's ranges and writes the best values as a recipe.

    Args:
      config: What to search, and on which data.
      output: The recipe file to write.
      console: Where one line a component and the results go.

    Raises:
      InputError: The recipe has no ranges, or the input or the file cannot be used.
      DataAnomalyError: The data must not be trained on.
      TesseraError: A component failed, or the disk is full.
    """
    _check(config, output)
    with machine_faults_typed(config.root):
        require_usable(config.root)
        with one_run(config.root, config.pipeline_name):
            results = _search(config, console)
    best = {key: results[0][key] for key in ranges_of(config.recipe).ranges}
    write_recipe(with_values(config.recipe, best), output,
                 f"Found by tessera tune: {config.recipe_name} on {config.dataset_name}, split "
                 f"{config.split}, seed {config.seed}, {len(results)} trials, validation NDCG@10 "
                 f"{results[0]['score']:.4f}.")
    console.print(_table(results))
    say(console, f"Best values: {output}")


def _check(config: RunConfig, output: Path) -> None:
    ranges_of(config.recipe)
    if output.suffix not in (".yaml", ".yml"):
        raise InputError("recipe-file-not-yaml",
                         f"A recipe file ends in .yaml, not as {output}. Give another name "
                         "with -o.")
    if output.is_dir():  # else seen when the search has ended
        raise InputError("recipe-file-is-folder",
                         f"Cannot write {output}: it is a folder. Give another name with -o.")
    if not output.absolute().parent.is_dir():
        raise InputError("no-recipe-folder",
                         f"Cannot write {output}: there is no folder {output.absolute().parent}. "
                         "Make it, or give another file with -o.")


def _search(config: RunConfig, console: Console) -> list[dict[str, Any]]:
    provide_data(config, console)
    config = config.pinned()
    bound = checked(config)
    for line in try_encoders(config):
        say(console, line)
    with console.status("Loading TFX"):
        from pipeline.local import run_locally
        from pipeline.tuning.dag import tuning_pipeline
    pipe = tuning_pipeline(config, bound, write_schemas(config.root, bound.spec))
    nodes: dict[str, NodeRun] = {}
    with console.status("") as status:
        def ended(node: NodeRun) -> None:
            nodes[node.node] = node
            how = "cached" if node.cached else "ran"
            say(console, f"{node.node:<32} {how:<7} {node.seconds:7.1f} s")

        run_id = datetime.datetime.now(datetime.UTC).strftime("tune-%Y%m%d-%H%M%S-%f")
        try:
            run_locally(pipe, run_id, lambda name: status.update(f"{name} is running"), ended,
                        config.dataset_name)
        except NodeError as error:
            raise_failure(error, config.root / "tune-error.log", config.root)
    path = of_type(nodes, "TunerResults")[-1] / _RESULTS
    return json.loads(path.read_text(encoding="utf-8"))


def write_recipe(recipe: Recipe, path: Path, comment: str) -> None:
    """Writes a recipe as a file that says what is not the default, in the recipe's own order.

    Raises:
      InputError: The file cannot be written.
    """
    tree = recipe.model_dump(mode="json", exclude_unset=True)
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)
    try:
        write_whole(path, f"# {comment}\n{text}".encode())
    except OSError as error:
        raise InputError(
            "recipe-not-written",
            f"Cannot write {path}: {error.strerror}. Give another file with -o; the search is in "
            "the cache.") from error


def _table(results: list[dict[str, Any]]) -> Table:
    """Returns the best trials."""
    keys = [key for key in results[0] if key not in ("trial_id", "score")]
    table = Table(title=f"The best of {len(results)} trials")
    for name in ("NDCG@10", *keys):
        table.add_column(name, justify="right", overflow="fold")
    for one in results[:_SHOWN]:
        table.add_row(f"{one['score']:.4f}", *(_shown(one[key]) for key in keys))
    return table


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
