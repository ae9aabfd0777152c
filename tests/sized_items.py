"""Training data in memory: users with a taste for small or for large items."""

from pathlib import Path

import numpy as np
from tiny_fit import LENGTH, histories, in_memory
from worlds import column, history, small_spec

from trainer.parts.side import Side
from trainer.recipe import parse_recipe
from trainer.training.data import TrainingData

USERS, ITEMS = 40, 60
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
    present = (np.arange(ITEMS + 1) > 0).astype(np.float32)
    content = {"size": size, "size__present": present,
               "subtract": random.normal(size=ITEMS + 1).astype(np.float32) * present,
               "subtract__present": present}
    splits = {name: _rows(random, rows, size) for name, rows in (
        ("train", 900), ("validation", 150), ("test", 150))}
    side = Side(ITEMS + 1, content, {}, owners=OWNERS)
    return in_memory(SPEC, made, splits, (USERS, ITEMS), ("like",), folder, items=side)


def _rows(random: np.random.Generator, rows: int, size: np.ndarray) -> dict[str, np.ndarray]:
    user = random.integers(1, USERS + 1, rows).astype(np.int32)
    first, second = random.integers(1, ITEMS + 1, (2, rows)).astype(np.int32)
    taste = np.where(user % 2, 1, -1)
    item = np.where(taste * size[first] > taste * size[second], first, second)
    like = (taste * size[item] > 0).astype(np.float32)
    return {
        "user_index": user, "item_index": item, **histories(random, rows, ITEMS),
        "label__like": like}
