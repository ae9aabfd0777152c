"""What the Trainer component calls: read, fit twice, answer, export."""

import hashlib
import json
import math
import shutil
from pathlib import Path

import tensorflow_transform as tft

from schemas import SIDES, FeatureSpec, parse_spec
from trainer.answers import Answerer
from trainer.data.events import concatenate, read_events
from trainer.data.interactions import InteractionReader
from trainer.data.past import past_vocabularies, with_item_reviews
from trainer.data.tables import Table, read_table
from trainer.encoders.encodings import Encodings, encoded_side
from trainer.export.evaluation import EvaluationColumns
from trainer.export.memory import remember
from trainer.export.module import Recommender
from trainer.export.save import save
from trainer.features import Side
from trainer.fit import TrainingData, fit_twice
from trainer.preprocessing.past import event_values, past_strings
from trainer.recipe import Recipe
from trainer.text import columns_not_read, text_vocabularies


def run_fn(fn_args) -> None:
    """Trains and exports a model.

    Args:
      fn_args: TFX's arguments, with `tables` (files by table and split), `transforms` (folder by
        table), `encodings` (folder, or `None`), `answers_dir` and `code_digest` added by our
        executor; `custom_config` holds the spec, the recipe and the seed.
    """
    config = fn_args.custom_config
    spec, recipe = parse_spec(**config["spec"]), Recipe(**config["recipe"])
    transforms = {side: tft.TFTransformOutput(fn_args.transforms[side]) for side in SIDES}
    encodings = Encodings(Path(fn_args.encodings)) if fn_args.encodings else None
    data = training_data(spec, recipe, fn_args.tables, transforms, encodings)
    run_dir = Path(fn_args.model_run_dir)
    events = concatenate([read_events(data.reader, files) for files in data.files.values()])
    made_of = json.dumps(
        [config, fn_args.tables, fn_args.encodings, fn_args.code_digest], sort_keys=True)
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
        spec, recipe, fitted.network, data.users, data.items, memory, transforms, encodings)
    evaluation = EvaluationColumns(
        spec, recipe, recommender, data.users, data.items, transforms["items"])
    save(recommender, evaluation, Path(fn_args.serving_model_dir))
    summary = {
        "epochs": fitted.epochs,
        "validation_ndcg@10": fitted.validation,
        "parameters": sum(
            math.prod(w.shape) for w in fitted.network.training.trainable_weights),
        "user_modalities": fitted.network.user_modalities,
        "item_modalities": fitted.network.item_modalities,
    }
    (run_dir / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    shutil.rmtree(checkpoints)


def training_data(
    spec: FeatureSpec,
    recipe: Recipe,
    files: dict[str, dict[str, list[str]]],
    transforms: dict[str, tft.TFTransformOutput],
    encodings: Encodings | None = None,
) -> TrainingData:
    """Reads the tables and prepares the interactions.

    Args:
      spec: The dataset's spec.
      recipe: The recipe, which tells the labels.
      files: Files of transformed Examples by table and split.
      transforms: The transforms' outputs by table.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.

    Returns:
      What a fit reads.
    """
    users = read_table(files["users"]["all"], transforms["users"])
    items = read_table(files["items"]["all"], transforms["items"])
    reader = InteractionReader(
        transforms["interactions"], users, items, recipe.labels, event_values(spec),
        strings=past_strings(spec, recipe.past))
    tables = {"users": users, "items": items}
    sides = {n: model_side(spec, recipe, t, transforms[n], n) for n, t in tables.items()}
    if encodings is not None:
        sides = {n: encoded_side(side, encodings, spec, recipe, n, tables[n].ids)
                 for n, side in sides.items()}
    user_side, item_side = sides["users"], sides["items"]
    user_side.vocabularies.update(past_vocabularies(spec, recipe, transforms["interactions"]))
    if "item_reviews" in recipe.model.past_parts:
        reader, item_side = with_item_reviews(reader, item_side, files["interactions"]["train"])
    return TrainingData(
        spec, recipe, users, items, user_side, item_side, reader, files["interactions"])


def model_side(
    spec: FeatureSpec, recipe: Recipe, table: Table, transform: tft.TFTransformOutput, side: str
) -> Side:
    """Returns what the model holds of a table: the columns that its towers read."""
    features = spec.inputs(side, recipe.modalities)
    texts = [f for f in features if f.modality == "text"]
    unread = {name for f in texts for name in columns_not_read(f, recipe)}
    content = {n: v for n, v in table.columns.items() if n not in unread}
    # Padding, the values, one unknown value.
    vocabularies = {f.name: transform.vocabulary_size_by_name(f.name) + 2
                    for f in features if f.modality == "categorical"}
    for text in texts:
        vocabularies.update(text_vocabularies(text, recipe, transform))
    return Side(len(table), content, vocabularies)
