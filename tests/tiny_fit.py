"""Training data of some rows in memory, with the interface of files."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf
from worlds import column, history, small_spec

from schemas import FeatureSpec
from trainer.behaviour.declarations import row_columns
from trainer.data.interactions import InteractionReader
from trainer.data.tables import Table
from trainer.parts.side import Side
from trainer.recipe import BoundRecipe, Recipe, parse_recipe
from trainer.training.data import TrainingData

USERS, ITEMS, LENGTH = 12, 15, 4
SPEC = small_spec(
    events=column("stars", "FLOAT", "label:rating", "label:like>=4", domain=(1, 5))
    + history("past_films", "item_id", most=LENGTH)
    + history("past_times", "timestamp", most=LENGTH),
    user="BYTES member", item="INT film", time="at", one=True, name="tiny_fit")


@dataclass(frozen=True)
class ArrayReader(InteractionReader):
    """Reads rows from memory; a file's name is the split it holds."""

    splits: dict | None = None

    @property
    def declared(self):
        return row_columns(SPEC)

    def raw(self, files, batch_size, shuffle_seed=None):
        assert self.splits is not None
        parts = [self.splits[name] for name in files]
        rows = {n: np.concatenate([part[n] for part in parts]) for n in parts[0]}
        if self.hidden is not None:
            rows = {n: values[~self.hidden[rows["item_index"]]] for n, values in rows.items()}
            rows["history_index"] *= ~self.hidden[rows["history_index"]]
        dataset = tf.data.Dataset.from_tensor_slices(rows)
        if shuffle_seed is not None:
            dataset = dataset.shuffle(1000, seed=shuffle_seed)
        return dataset.batch(batch_size, drop_remainder=shuffle_seed is not None)


def in_memory(spec: FeatureSpec, recipe: Recipe, splits: dict, counts: tuple[int, int],
              labels: tuple[str, ...] = (), folder: Path | None = None, users: Side | None = None,
              items: Side | None = None) -> TrainingData:
    """Returns training data of rows in memory.

    Args:
      spec: The dataset's spec.
      recipe: What is trained.
      splits: Columns by split.
      counts: How many users and items there are; their ids are numbers from 0 on.
      labels: Those that the rows have.
      folder: Where the vocabularies are written, if anybody reads them.
      users: Content of the users, if they have some.
      items: Content of the items.
    """
    tables = []
    for name, count in zip(("users", "items"), counts, strict=True):
        ids = [str(one) for one in range(count)]
        path = "" if folder is None else str(folder / name)
        if folder is not None:
            (folder / name).write_text("".join(f"{one}\n" for one in ids))
        tables.append(Table(ids, path, {}, np.zeros(count + 1, np.int32)))
    sides = (side or Side(count + 1, {}, {}) for side, count in zip((users, items), counts,
                                                                    strict=True))
    reader = ArrayReader(None, *tables, labels, (), splits)  # type: ignore[arg-type]
    return TrainingData(
        BoundRecipe(recipe, spec), *tables, *sides, reader, {name: [name] for name in splits})


def histories(random: np.random.Generator, rows: int, items: int) -> dict[str, np.ndarray]:
    """Returns times, and histories of any items."""
    return {
        "timestamp": random.integers(0, 10**6, rows),
        "history_index": random.integers(0, items + 1, (rows, LENGTH)).astype(np.int32),
        "history_age": random.uniform(0, 3, (rows, LENGTH)).astype(np.float32),
        "history_rank": np.tile(np.arange(LENGTH), (rows, 1)),
        "context": random.normal(size=(rows, 6)).astype(np.float32)}


def tiny_data(seed: int = 0, **training) -> TrainingData:
    """Returns users who like the items of their own parity, at random times."""
    recipe = parse_recipe(
        description="tiny", modalities=(), model={"dim": 4, "dropout": 0.1},
        training={"batch_size": 32, "learning_rate": 0.01, "max_epochs": 4, **training},
        tasks={"retrieval": {"head": "retrieval", "label": "like"},
               "rating": {"head": "regression", "label": "rating"}},
    )
    random = np.random.default_rng(seed)
    splits = {name: _rows(random, rows) for name, rows in
              (("train", 160), ("validation", 60), ("test", 20))}
    return in_memory(SPEC, recipe, splits, (USERS, ITEMS), ("like", "rating"))



def with_recipe(data: TrainingData, recipe: Recipe) -> TrainingData:
    """Returns the data with another recipe."""
    return replace(data, bound=replace(data.bound, recipe=recipe))


def _rows(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    user = random.integers(1, USERS + 1, rows).astype(np.int32)
    item = random.integers(1, ITEMS + 1, rows).astype(np.int32)
    stars = np.where((user + item) % 2, 2.0, 5.0).astype(np.float32)
    stars[random.random(rows) < 0.1] = np.nan
    return {
        "user_index": user, "item_index": item, **histories(random, rows, ITEMS),
        "label__rating": stars,
        "label__like": np.where(np.isnan(stars), stars, (stars >= 4)).astype(np.float32)}
