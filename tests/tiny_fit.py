"""Training data of some rows in memory, with the interface of files."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from schemas import parse_spec
from trainer.data.interactions import InteractionReader
from trainer.data.side import Side
from trainer.data.tables import Table
from trainer.fit import TrainingData
from trainer.preprocessing.declarations import row_columns
from trainer.recipe import Recipe

USERS, ITEMS, LENGTH = 12, 15, 4
_ONE = "presence { min_fraction: 1.0 min_count: 1 } shape { dim { size: 1 } }"
_USER = f'feature {{ name: "member" type: BYTES {_ONE} annotation {{ tag: "user_id" }} }}'
_ITEM = f'feature {{ name: "film" type: INT {_ONE} annotation {{ tag: "item_id" }} }}'
_PAST = f'type: INT value_count {{ min: 0 max: {LENGTH} }}'
_EVENTS = f"""{_USER} {_ITEM}
feature {{ name: "at" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}
feature {{ name: "stars" type: FLOAT float_domain {{ min: 1 max: 5 }}
  annotation {{ tag: "label:rating" tag: "label:like>=4" }} }}
feature {{ name: "past_films" {_PAST} annotation {{ tag: "history:item_id" }} }}
feature {{ name: "past_times" {_PAST} annotation {{ tag: "history:timestamp" }} }}
"""
SPEC = parse_spec("tiny_fit", [_USER, _ITEM, _EVENTS])


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
        dataset = tf.data.Dataset.from_tensor_slices(rows)
        if shuffle_seed is not None:
            dataset = dataset.shuffle(1000, seed=shuffle_seed)
        return dataset.batch(batch_size, drop_remainder=shuffle_seed is not None)


def tiny_data(seed: int = 0, **training) -> TrainingData:
    """Returns users who like the items of their own parity, at random times."""
    recipe = Recipe(
        description="tiny", modalities=(), model={"dim": 4, "dropout": 0.1},
        training={"batch_size": 32, "learning_rate": 0.01, "max_epochs": 4, **training},
        tasks={"retrieval": {"head": "retrieval", "label": "like"},
               "rating": {"head": "regression", "label": "rating"}},
    )
    random = np.random.default_rng(seed)
    users, items = (Table([str(i) for i in range(n)], "", {}, np.zeros(n + 1, np.int32))
                    for n in (USERS, ITEMS))
    splits = {name: _rows(random, rows) for name, rows in
              (("train", 160), ("validation", 60), ("test", 20))}
    reader = ArrayReader(
        None, users, items, ("like", "rating"), (), splits)  # type: ignore[arg-type]
    return TrainingData(SPEC, recipe, users, items, Side(USERS + 1, {}, {}),
                        Side(ITEMS + 1, {}, {}), reader, {name: [name] for name in splits})


def _rows(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    user = random.integers(1, USERS + 1, rows).astype(np.int32)
    item = random.integers(1, ITEMS + 1, rows).astype(np.int32)
    stars = np.where((user + item) % 2, 2.0, 5.0).astype(np.float32)
    stars[random.random(rows) < 0.1] = np.nan
    return {
        "user_index": user, "item_index": item,
        "timestamp": random.integers(0, 10**6, rows),
        "history_index": random.integers(0, ITEMS + 1, (rows, LENGTH)).astype(np.int32),
        "history_age": random.uniform(0, 3, (rows, LENGTH)).astype(np.float32),
        "history_rank": np.tile(np.arange(LENGTH), (rows, 1)),
        "context": random.normal(size=(rows, 6)).astype(np.float32),
        "label__rating": stars,
        "label__like": np.where(np.isnan(stars), stars, (stars >= 4)).astype(np.float32),
    }
