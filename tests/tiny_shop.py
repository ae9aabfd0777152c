"""Raw tables of a tiny shop with every modality, its Examples, and requests."""

import numpy as np
import tensorflow as tf

from components.catalog_gen.histories import Histories
from components.catalog_gen.tables import Encoder

DAY = 86_400
USERS = [b"ann", b"bob", b"cyd", b"dot", b"eve"]  # eve never did anything
ITEMS = [7, 9, 10, 33, 100, 101, 102, 250, 300, 1000]
MET = 8  # items that each of the others met, of ten


def raw_tables(spec) -> tuple[dict[str, list[dict]], list[str]]:
    """Returns rows by table, and the split of each interaction; half of the contents is absent."""
    random = np.random.default_rng(5)
    users = [
        {"member": [name], "age": [20 + 5 * i] if i % 2 else [], "region": [b"north"] * (i > 1),
         "avatar": [_png(random)] if i % 2 else [], "mail": [b"x@example.org"],
         "about": [b"likes trains"] if i < 2 else [], "member_events": [5] if i < 4 else []}
        for i, name in enumerate(USERS)
    ]
    items = [
        {"film": [name], "plot": [b"a train, a heist %d" % i] if i % 2 else [],
         "genres": [b"crime", b"drama", b"noir"][: i % 4], "price": [float(i)] if i % 3 else [],
         "poster": [_png(random)] if i % 2 == 0 else [], "film_events": [i]}
        for i, name in enumerate(ITEMS)
    ]
    interactions, splits = [], []
    for name in USERS[:4]:
        rows = [
            {"member": [name], "film": [int(film)], "at": [DAY * (10 + place // 2)],
             **({"stars": [float(random.integers(3, 6))]} if place % 4 else {})}
            for place, film in enumerate(random.permutation(ITEMS)[:MET])
        ]
        parts = ["train"] * 4 + ["validation"] * 2 + ["test"] * 2
        Histories(spec).add(rows, parts)
        interactions += [{"stars": [], **row} for row in rows]
        splits += parts
    return {"users": users, "items": items, "interactions": interactions}, splits


def _png(random: np.random.Generator) -> bytes:
    return tf.io.encode_png(random.integers(0, 256, (9, 6, 3)).astype(np.uint8)).numpy()


def examples(rows, spec) -> tf.Tensor:
    """Returns raw interactions as serialized Examples."""
    encoder = Encoder(spec, "interactions")
    return tf.constant([encoder.encode(row) for row in rows])


def request(user="", at=-1, films=("",), times=(-1,), stars=(-1.0,)) -> dict[str, tf.Tensor]:
    """Returns the user's part of a request of one row; nothing given means absent."""
    return {
        "user_id": tf.constant([user]), "timestamp": tf.constant([at], tf.int64),
        "history_item_id": tf.constant([list(films)], tf.string),
        "history_timestamp": tf.constant([list(times)], tf.int64),
        "history_stars": tf.constant([list(stars)], tf.float32),
    }


def both_sides(inputs, user: dict, item: dict) -> dict[str, tf.Tensor]:
    """Returns the content of raw rows of users and items as the part of a request of one row."""
    content = {}
    for key, spec in inputs.items():
        side, _, column = key.partition("_")
        if side in ("users", "items"):
            row = user if side == "users" else item
            values = row.get(column) or [b"" if spec.dtype == tf.string else -1]
            content[key] = tf.constant([values] if spec.shape.rank == 2 else values, spec.dtype)
    return content


def together(*requests: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Joins requests of equal widths to one of several rows."""
    return {name: tf.concat([r[name] for r in requests], axis=0) for name in requests[0]}
