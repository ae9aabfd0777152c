"""What the Trainer component calls: read, then leave the work to the recipe's family."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import tensorflow_transform as tft

from schemas import SIDES, FeatureSpec, parse_spec
from trainer.data.interactions import InteractionReader
from trainer.data.past import past_vocabularies, with_item_reviews
from trainer.data.tables import Table, read_table
from trainer.encoders.encodings import Encodings, encoded_side, has_tower
from trainer.families import FAMILIES
from trainer.families.job import Job
from trainer.features import Side
from trainer.fit import TrainingData
from trainer.layers.registry import look_up
from trainer.preprocessing.column import Role, columns_of
from trainer.preprocessing.past import event_values, past_strings
from trainer.recipe import Recipe
from trainer.text import columns_not_read, text_vocabularies


class Given(NamedTuple):
    """What a component gives to train from.

    Attributes:
      spec: The dataset's spec.
      recipe: The recipe.
      seed: Seed of everything random.
      transforms: The transforms' outputs by table.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.
      key: A digest of configuration, inputs and code.
    """

    spec: FeatureSpec
    recipe: Recipe
    seed: int
    transforms: dict[str, tft.TFTransformOutput]
    encodings: Encodings | None
    key: str


def run_fn(fn_args) -> None:
    """Trains a model, and exports it or writes its scores.

    Args:
      fn_args: TFX's arguments, with `tables` (files by table and split), `transforms` (folder by
        table), `encodings` (folder, or `None`), `answers_dir` or `scores_dir`, and `code_digest`
        added by our executor; `custom_config` holds the spec, the recipe and the seed.
    """
    given = read_given(fn_args)
    data = training_data(
        given.spec, given.recipe, fn_args.tables, given.transforms, given.encodings)
    look_up(FAMILIES, given.recipe.family, "family")(Job(
        data, given.transforms, given.encodings, given.seed, given.key,
        Path(fn_args.model_run_dir), Path(fn_args.serving_model_dir),
        Path(fn_args.answers_dir) if fn_args.answers_dir else None,
        Path(fn_args.scores_dir) if fn_args.scores_dir else None,
    ))


def read_given(fn_args) -> Given:
    """Reads the arguments of `run_fn`, but for the tables."""
    config = fn_args.custom_config
    made_of = json.dumps(
        [config, fn_args.tables, fn_args.encodings, fn_args.code_digest], sort_keys=True)
    return Given(
        parse_spec(**config["spec"]), Recipe(**config["recipe"]), config["seed"],
        {side: tft.TFTransformOutput(fn_args.transforms[side]) for side in SIDES},
        Encodings(Path(fn_args.encodings)) if fn_args.encodings else None,
        hashlib.sha256(made_of.encode()).hexdigest())


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
    features = spec.inputs(side, recipe.modalities, recipe.labels)
    texts = [f for f in features if f.modality == "text"]
    # Labels and what they are made of are no input, nor is what only a replaced tower would read.
    read = {f.name for f in features if has_tower(f, recipe)}
    unread = {name for f in texts for name in columns_not_read(f, recipe)}
    declared = columns_of(transform)
    content = {n: v for n, v in table.columns.items()
               if declared[n].role is Role.INPUT and declared[n].feature in read
               and n not in unread}
    # Padding, the values, one unknown value.
    vocabularies = {f.name: transform.vocabulary_size_by_name(f.name) + 2
                    for f in features if f.modality == "categorical"}
    for text in texts:
        vocabularies.update(text_vocabularies(text, recipe, transform))
    return Side(len(table), content, vocabularies)
