"""What training, export and search read, and training itself, left to the recipe's family."""

import functools
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow_transform as tft

from schemas import SIDES, parse_spec
from trainer.behaviour.past import event_values, past_strings
from trainer.behaviour.strings import past_vocabularies
from trainer.data.interactions import InteractionReader, with_item_reviews
from trainer.data.tables import Table, read_table
from trainer.encoders.encodings import Encodings
from trainer.families import FAMILIES
from trainer.families.job import Job
from trainer.modalities import modality_of
from trainer.network.encoded import encoded_side
from trainer.options import look_up
from trainer.parts.side import Side
from trainer.preprocessing.column import Role, columns_of
from trainer.recipe import BoundRecipe, Recipe, parse_recipe
from trainer.training.data import TrainingData
from trainer.training.warm_start import WarmStart, vocabulary_key


class Given(NamedTuple):
    """What a component gives to train from.

    Attributes:
      bound: The recipe, of the class that its family has, bound to its dataset.
      seed: Seed of everything random.
      files: Files of transformed Examples by table and split.
      transforms: The transforms' outputs by table.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.
      key: A digest of configuration, inputs and code.
    """

    bound: BoundRecipe[Any]
    seed: int
    files: dict[str, dict[str, list[str]]]
    transforms: dict[str, tft.TFTransformOutput]
    encodings: Encodings | None
    key: str

    def data(self, recipe: Recipe | None = None) -> TrainingData:
        """Reads the tables, for this recipe or for another one of the same transforms."""
        bound = replace(self.bound, recipe=recipe) if recipe else self.bound
        return training_data(bound, self.files, self.transforms, self.encodings)


def read_given(config: dict[str, Any], files: dict[str, dict[str, list[str]]],
               transforms: dict[str, str], encodings: str | None, code: str) -> Given:
    """Reads what a component gives, but for the tables.

    Args:
      config: `spec`, `recipe` and `seed`, as plain JSON values.
      files: Files of transformed Examples by table and split.
      transforms: Folders of the transforms by table.
      encodings: Folder of the encodings; `None` without encoders.
      code: Digest of the component's code.
    """
    made_of = json.dumps([config, files, encodings, code], sort_keys=True)
    return Given(
        BoundRecipe(parse_recipe(**config["recipe"]), parse_spec(**config["spec"])),
        config["seed"], files,
        {side: tft.TFTransformOutput(transforms[side]) for side in SIDES},
        Encodings(Path(encodings)) if encodings else None,
        hashlib.sha256(made_of.encode()).hexdigest())


def train(given: Given, run_dir: Path, weights: Path, earlier: Path | None = None) -> None:
    """Trains a model.

    Args:
      given: What to train, and from what.
      run_dir: Folder of the logs and the summary.
      weights: Folder of what training learns.
      earlier: Folder of what an earlier training learned, for a warm start.
    """
    family = look_up(FAMILIES, given.bound.recipe.family, "family")
    data = given.data()
    if earlier is not None and (start := WarmStart(earlier)).usable:
        data = replace(data, earlier=start)
    family.train(Job(data, given.seed, given.key, run_dir, weights))


def training_data(
    bound: BoundRecipe,
    files: dict[str, dict[str, list[str]]],
    transforms: dict[str, tft.TFTransformOutput],
    encodings: Encodings | None = None,
) -> TrainingData:
    """Reads the tables and prepares the interactions.

    Args:
      bound: The recipe, bound to its dataset.
      files: Files of transformed Examples by table and split.
      transforms: The transforms' outputs by table.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.

    Returns:
      What a fit reads.
    """
    spec, recipe = bound.spec, bound.recipe
    users = read_table(files["users"]["all"], transforms["users"])
    items = read_table(files["items"]["all"], transforms["items"])
    reader = InteractionReader(
        transforms["interactions"], users, items, recipe.labels, event_values(spec),
        strings=past_strings(spec, recipe.past))
    tables = {"users": users, "items": items}
    sides = {n: model_side(bound, t, transforms[n], n) for n, t in tables.items()}
    if encodings is not None:
        sides = {n: encoded_side(side, encodings, bound, n, tables[n].ids)
                 for n, side in sides.items()}
    user_side, item_side = sides["users"], sides["items"]
    user_side.vocabularies.update(past_vocabularies(spec, recipe.past, transforms["interactions"]))
    if recipe.reads_item_reviews:
        reader, item_side = with_item_reviews(reader, item_side, files["interactions"]["train"])
    return TrainingData(
        bound, users, items, user_side, item_side, reader, files["interactions"],
        row_keys(bound, tables, transforms) if recipe.starts_warm else {})


def row_keys(bound: BoundRecipe, tables: dict[str, Table],
             transforms: dict[str, tft.TFTransformOutput]) -> dict[str, list[str]]:
    """Returns the keys of the rows that a network may embed: ids, categories, words, types."""
    keys, recipe = {side: table.ids for side, table in tables.items()}, bound.recipe
    named = {side: [name for f in bound.inputs(side)
                    for name in modality_of(f).vocabularies(f, recipe.modalities[str(f.modality)])]
             for side in tables}
    named["interactions"] = list(
        past_vocabularies(bound.spec, recipe.past, transforms["interactions"]))
    for side, names in named.items():
        for name in names:
            keys[vocabulary_key(side, name)] = [
                key.decode("utf-8", "replace") for key in transforms[side].vocabulary_by_name(name)]
    return keys


def model_side(
    bound: BoundRecipe, table: Table, transform: tft.TFTransformOutput, side: str
) -> Side:
    """Returns what the model holds of a table: the columns that its towers read."""
    recipe, features = bound.recipe, bound.inputs(side)
    # Labels and what they are made of are no input, nor is what only a replaced tower would read.
    read = {f.name for f in features if recipe.modalities[str(f.modality)].trained}
    options = {f.name: recipe.modalities[str(f.modality)] for f in features}
    unread = set() if recipe.reads_blocks else {
        name for f in features for name in modality_of(f).unread(f, options[f.name])}
    declared = columns_of(transform)
    content = {n: v for n, v in table.columns.items()
               if declared[n].role is Role.INPUT and declared[n].feature in read
               and n not in unread}
    @functools.cache
    def size(name: str) -> int:
        return transform.vocabulary_size_by_name(name) + 2  # padding, and one unknown value

    vocabularies = {name: size(name) for f in features
                    for name in modality_of(f).vocabularies(f, options[f.name])}
    bags = {f.name: size(name) for f in features
            if (name := modality_of(f).bag(f, options[f.name])) is not None}
    return Side(len(table), content, vocabularies, bags=bags,
                owners={name: str(declared[name].feature) for name in content})
