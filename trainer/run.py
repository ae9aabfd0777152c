"""What the Trainer component calls: read, fit twice, answer, export."""

import hashlib
import json
import math
import shutil
from pathlib import Path

import tensorflow_transform as tft

from schemas import SIDES, FeatureSpec, parse_spec
from trainer.answers import Answerer
from trainer.curves import by_name
from trainer.data.events import concatenate, read_events
from trainer.data.interactions import InteractionReader
from trainer.data.tables import Table, read_table
from trainer.export.evaluation import EvaluationColumns
from trainer.export.memory import remember
from trainer.export.module import Recommender
from trainer.export.save import save
from trainer.features import Side
from trainer.fit import TrainingData, fit_twice
from trainer.preprocessing.interactions import event_values
from trainer.recipe import Recipe


def run_fn(fn_args) -> None:
    """Trains and exports a model.

    Args:
      fn_args: TFX's arguments, with `tables` (files by table and split), `transforms` (folder by
        table), `answers_dir` and `code_digest` added by our executor; `custom_config` holds the
        spec, the recipe and the seed.
    """
    config = fn_args.custom_config
    spec, recipe = parse_spec(**config["spec"]), Recipe(**config["recipe"])
    transforms = {side: tft.TFTransformOutput(fn_args.transforms[side]) for side in SIDES}
    data = training_data(spec, recipe, fn_args.tables, transforms)
    run_dir = Path(fn_args.model_run_dir)
    events = concatenate([read_events(data.reader, files) for files in data.files.values()])
    made_of = json.dumps([config, fn_args.tables, fn_args.code_digest], sort_keys=True)
    key = hashlib.sha256(made_of.encode()).hexdigest()
    # Beside the executions' own folders, so that a rerun after a kill finds it.
    checkpoints = run_dir.parent / "checkpoints" / key[:16]
    fitted = fit_twice(data, config["seed"], run_dir / "tensorboard", checkpoints)

    rows = data.reader.rows(data.files["test"])
    answerer = Answerer(spec, recipe, fitted.network, data.items, events)
    answerer.write(rows, Path(fn_args.answers_dir), config["seed"])

    history = spec.histories().get("item_id")
    length = int(history.max_values or 0) if history else 0
    memory = remember(events, data.users, data.items, length)
    recommender = Recommender(
        spec, recipe, fitted.network, data.users, data.items, memory, transforms)
    evaluation = EvaluationColumns(
        spec, recipe, recommender, data.users, data.items, transforms["items"])
    save(recommender, evaluation, Path(fn_args.serving_model_dir))
    summary = {
        "epochs": fitted.epochs,
        "validation_ndcg@10": fitted.validation,
        "seconds": sum(e["seconds"] for epochs in fitted.curves.values() for e in epochs),
        "parameters": sum(
            math.prod(w.shape) for w in fitted.network.training.trainable_weights),
        "user_modalities": fitted.network.user_modalities,
        "item_modalities": fitted.network.item_modalities,
    }
    (run_dir / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    curves = {name: by_name(epochs) for name, epochs in fitted.curves.items()}
    (run_dir / "curves.json").write_text(json.dumps(curves, indent=1), encoding="utf-8")
    shutil.rmtree(checkpoints)


def training_data(
    spec: FeatureSpec,
    recipe: Recipe,
    files: dict[str, dict[str, list[str]]],
    transforms: dict[str, tft.TFTransformOutput],
) -> TrainingData:
    """Reads the tables and prepares the interactions.

    Args:
      spec: The dataset's spec.
      recipe: The recipe, which tells the labels.
      files: Files of transformed Examples by table and split.
      transforms: The transforms' outputs by table.

    Returns:
      What a fit reads.
    """
    users = read_table(files["users"]["all"], transforms["users"])
    items = read_table(files["items"]["all"], transforms["items"])
    reader = InteractionReader(
        transforms["interactions"], users, items, recipe.labels, event_values(spec))
    return TrainingData(
        spec, recipe, users, items,
        model_side(spec, recipe, users, transforms["users"], "users"),
        model_side(spec, recipe, items, transforms["items"], "items"),
        reader, files["interactions"],
    )


def model_side(
    spec: FeatureSpec, recipe: Recipe, table: Table, transform: tft.TFTransformOutput, side: str
) -> Side:
    """Returns what the model holds of a table: the columns that its towers read."""
    features = spec.inputs(side, recipe.modalities)
    # The towers of this recipe read a text as a bag; the order of its words is not held.
    sequences = {f.name for f in features if f.modality == "text"}
    content = {n: v for n, v in table.columns.items() if n not in sequences}
    vocabularies = {
        # Padding, the words, one unknown word.
        f.name: transform.vocabulary_size_by_name(f.name) + 2
        for f in features if f.modality in ("categorical", "text")
    }
    return Side(len(table), content, vocabularies)
