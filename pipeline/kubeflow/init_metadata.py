"""The first step of a run: checks root, database and data, and writes the run's pipeline."""

import argparse
import json
import os
import sys
import uuid
from pathlib import Path

import pipeline.process  # noqa: F401  (before TensorFlow)
from components.sources import open_source
from pipeline.cluster.options import Database
from pipeline.config import RunConfig
from pipeline.console import open_console
from pipeline.kubeflow.run_node import run_step
from pipeline.kubeflow.steps import INIT_STEP, read_steps, shape
from pipeline.recipe_checks import try_encoders
from pipeline.recipe_files import named_recipe
from pipeline.run import check_recipe, provide_data, write_schemas
from schemas import InputError, parse_spec
from trainer.recipe.families import FittedRecipe


def run_config(text: str, root: str, data_dir: str, recipe: str, max_epochs: int,
               learning_rate: float) -> RunConfig:
    """Returns the compiled configuration with a run's own parameters.

    Args:
      text: The compiled `RunConfig` as JSON.
      root: The root.
      data_dir: The dataset's folder.
      recipe: The compiled recipe's name, another one of the image, or a YAML file.
      max_epochs: Most epochs; 0 leaves the recipe's.
      learning_rate: The learning rate; 0 leaves the recipe's.

    Raises:
      InputError: A value is not allowed, or there is no such recipe.
    """
    config = RunConfig.model_validate_json(text)
    chosen, name = config.recipe, config.recipe_name
    if recipe != config.recipe_name:
        name, chosen = named_recipe(recipe)
    if max_epochs < 0 or learning_rate < 0:
        raise InputError("bad-run-parameter",
                         f"max_epochs is {max_epochs} and learning_rate {learning_rate}: give "
                         "numbers above 0, or 0 for the recipe's own.")
    given = {"max_epochs": max_epochs, "learning_rate": learning_rate}
    if isinstance(chosen, FittedRecipe):
        training = chosen.training.model_copy(update={k: v for k, v in given.items() if v})
        chosen = chosen.model_copy(update={"training": training})
    return config.model_copy(update={
        "root": Path(root), "data_dir": Path(data_dir), "recipe_name": name, "recipe": chosen})


def require_writable(root: Path) -> None:
    """Writes into the root and takes it away again.

    Raises:
      InputError: It cannot be written to.
    """
    probe = root / f".writable-{uuid.uuid4().hex}"
    try:
        (root / "runs").mkdir(parents=True, exist_ok=True)
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise InputError(
            "root-not-writable-on-cluster",
            f"Cannot write to {root}: {error.strerror}. This step runs as user {os.getuid()}, "
            f"group {os.getgid()}: give the volume to them (an initial chown, or fsGroup), or "
            "mount it read-write.") from error


def prepare(arguments: argparse.Namespace) -> None:
    """Does all that must be true before the first node runs.

    Raises:
      TesseraError: Something is not as it must be.
    """
    config = run_config(arguments.config, arguments.root, arguments.data_dir, arguments.recipe,
                        arguments.max_epochs, arguments.learning_rate)
    spec = parse_spec(**json.loads(arguments.spec))
    database = Database.model_validate_json(arguments.metadata)
    require_writable(config.root)
    _say(f"The root {config.root} is writable.")
    from pipeline.kubeflow import store

    connection = store.connection(database, config.root)
    store.initialise(store.with_password(connection), config.root, arguments.upgrade)
    _say(f"Metadata in {database.kind} are ready.")
    provide_data(config, open_console())
    config = config.pinned()
    open_source(**config.source_arguments(spec))
    bound = check_recipe(config, spec)
    for line in try_encoders(config):
        _say(line)
    _say(f"Dataset {config.dataset_name} is in {config.data_dir}; recipe {config.recipe_name}.")
    from pipeline.dag import build_pipeline
    from pipeline.kubeflow.plan import compile_ir, save_plan

    pipe = build_pipeline(config, bound, write_schemas(config.root, spec), connection)
    ir = compile_ir(pipe, arguments.run_id)
    if shape(read_steps(ir)) != arguments.shape:
        raise InputError(
            "steps-differ",
            f"With recipe {config.recipe_name!r}, this image's pipeline has other steps than the "
            "submitted file. Compile the file again, with this recipe and the image's version.")
    save_plan(config.root, arguments.run_id, ir)
    _say(f"Run {arguments.run_id} is planned: {len(ir.nodes)} nodes.")


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Runs the step; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.kubeflow.init_metadata")
    for name in ("root", "run-id", "config", "spec", "metadata", "shape", "data-dir", "recipe"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--max-epochs", type=_whole, default=0)
    parser.add_argument("--learning-rate", type=float, default=0.0)
    parser.add_argument("--upgrade", action="store_true",
                        help="bring an older metadata database to this version")
    arguments = parser.parse_args()
    return run_step(INIT_STEP, lambda: prepare(arguments), Path(arguments.root))


def _whole(text: str) -> int:
    """Reads a whole number; Kubeflow keeps numbers as floats and may write 5 as 5.0."""
    number = float(text)
    if not number.is_integer():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(number)


if __name__ == "__main__":
    sys.exit(main())
