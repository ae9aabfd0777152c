"""What a fit reads: the tables, what the model holds of them, and the interactions."""

import functools

import tensorflow_transform as tft

from trainer.behaviour.past import event_values, past_strings
from trainer.behaviour.strings import past_vocabularies
from trainer.data.interactions import InteractionReader, with_item_reviews
from trainer.data.tables import Table, read_table
from trainer.encoders.encodings import Encodings
from trainer.modalities import modality_of
from trainer.network.encoded import encoded_side
from trainer.parts.side import Side
from trainer.preprocessing.column import Role, columns_of
from trainer.recipe import BoundRecipe
from trainer.training.data import TrainingData
from trainer.training.warm_start import vocabulary_key


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
