"""Training data in memory: users with a taste for small or for large items."""

from pathlib import Path

import numpy as np
from tiny_fit import ArrayReader
from worlds import column, history, small_spec

from trainer.data.side import Side
from trainer.data.tables import Table
from trainer.recipe import parse_recipe
from trainer.training.data import TrainingData

USERS, ITEMS, LENGTH = 40, 60, 4
# One column has the name of an operation of Keras, which models must not confuse with it.
SPEC = small_spec(
    items=column("size", "FLOAT", "numeric") + column("subtract", "FLOAT", "numeric"),
    events=column("stars", "FLOAT", "label:rating", "label:like>=4", domain=(1, 5))
    + history("past_films", "item_id", most=LENGTH)
    + history("past_times", "timestamp", most=LENGTH),
    user="BYTES member", item="INT film", time="at", one=True, name="sizes")
FIND = {"find": {"head": "retrieval", "label": "like"}}
OWNERS = {"size": "size", "size__present": "size", "subtract": "subtract",
          "subtract__present": "subtract"}


def sized_data(folder: Path, **recipe) -> TrainingData:
    """Returns training data of a recipe, given its keys; the vocabularies go into a folder."""
    made = parse_recipe(**{"description": "d", "tasks": FIND, "modalities": ["numeric"],
                           **recipe})
    random = np.random.default_rng(4)
    size = np.r_[0, random.normal(size=ITEMS)].astype(np.float32)
    tables = []
    for name, number in (("users", USERS), ("items", ITEMS)):
        ids = [str(one) for one in range(number)]
        (folder / name).write_text("".join(f"{one}\n" for one in ids))
        tables.append(Table(ids, str(folder / name), {}, np.zeros(number + 1, np.int32)))
    present = (np.arange(ITEMS + 1) > 0).astype(np.float32)
    content = {"size": size, "size__present": present,
               "subtract": random.normal(size=ITEMS + 1).astype(np.float32) * present,
               "subtract__present": present}
    splits = {name: _rows(random, rows, size) for name, rows in (
        ("train", 900), ("validation", 150), ("test", 150))}
    reader = ArrayReader(None, *tables, ("like",), (), splits)  # type: ignore[arg-type]
    return TrainingData(SPEC, made, *tables, Side(USERS + 1, {}, {}),
                        Side(ITEMS + 1, content, {}, owners=OWNERS), reader,
                        {n: [n] for n in splits})


def _rows(random: np.random.Generator, rows: int, size: np.ndarray) -> dict[str, np.ndarray]:
    user = random.integers(1, USERS + 1, rows).astype(np.int32)
    first, second = random.integers(1, ITEMS + 1, (2, rows)).astype(np.int32)
    taste = np.where(user % 2, 1, -1)
    item = np.where(taste * size[first] > taste * size[second], first, second)
    like = (taste * size[item] > 0).astype(np.float32)
    return {
        "user_index": user, "item_index": item, "timestamp": random.integers(0, 10**6, rows),
        "history_index": random.integers(0, ITEMS + 1, (rows, LENGTH)).astype(np.int32),
        "history_age": random.uniform(0, 3, (rows, LENGTH)).astype(np.float32),
        "history_rank": np.tile(np.arange(LENGTH), (rows, 1)),
        "context": random.normal(size=(rows, 6)).astype(np.float32), "label__like": like,
    }
