"""What the Trainer component calls: read, then leave the work to the recipe's family."""

import hashlib
import json
from pathlib import Path

import tensorflow_transform as tft

from schemas import SIDES, FeatureSpec, parse_spec
from trainer.data.interactions import InteractionReader
from trainer.data.tables import Table, read_table
from trainer.families import FAMILIES
from trainer.families.job import Job
from trainer.features import Side
from trainer.fit import TrainingData
from trainer.layers.registry import look_up
from trainer.preprocessing.interactions import event_values
from trainer.recipe import Recipe


def run_fn(fn_args) -> None:
    """Trains a model, and exports it or writes its scores.

    Args:
      fn_args: TFX's arguments, with `tables` (files by table and split), `transforms` (folder by
        table), `answers_dir` or `scores_dir`, and `code_digest` added by our executor;
        `custom_config` holds the spec, the recipe and the seed.
    """
    config = fn_args.custom_config
    spec, recipe = parse_spec(**config["spec"]), Recipe(**config["recipe"])
    transforms = {side: tft.TFTransformOutput(fn_args.transforms[side]) for side in SIDES}
    data = training_data(spec, recipe, fn_args.tables, transforms)
    made_of = json.dumps([config, fn_args.tables, fn_args.code_digest], sort_keys=True)
    look_up(FAMILIES, recipe.family, "family")(Job(
        data, transforms, config["seed"], hashlib.sha256(made_of.encode()).hexdigest(),
        Path(fn_args.model_run_dir), Path(fn_args.serving_model_dir),
        Path(fn_args.answers_dir) if fn_args.answers_dir else None,
        Path(fn_args.scores_dir) if fn_args.scores_dir else None,
    ))


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
    features = spec.inputs(side, recipe.modalities, recipe.labels)
    # The towers of this recipe read a text as a bag; the order of its words is not held.
    sequences = {f.name for f in features if f.modality == "text"}
    # A derived column is named after its feature; labels and what they stand on are no input.
    read = {f.name for f in features}
    content = {n: v for n, v in table.columns.items()
               if n.partition("__")[0] in read and n not in sequences}
    vocabularies = {
        # Padding, the words, one unknown word.
        f.name: transform.vocabulary_size_by_name(f.name) + 2
        for f in features if f.modality in ("categorical", "text")
    }
    return Side(len(table), content, vocabularies)
