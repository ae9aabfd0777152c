"""Rows of a kiosk, the dataset of `tests/extension.py`, whose schemas are in `tests/kiosk`."""

import json
from pathlib import Path

import numpy as np

USERS, ITEMS, EVENTS = 24, 18, 10  # events of each user
_DAY = 86_400


def write_kiosk(folder: Path) -> None:
    """Writes the three tables; users of the north like what is in the north."""
    random = np.random.default_rng(3)
    north = [item % 2 == 0 for item in range(ITEMS)]
    tables = {
        "users": [{"customer": f"c{user}", "region": "south" if user % 2 else "north"}
                  for user in range(USERS)],
        "items": [{"product": f"p{item}", "categories": [f"shelf {item % 3}"],
                   "where": [60.0 + item if north[item] else 20.0 - item, 5.0 + item]
                   if item % 3 else None} for item in range(ITEMS)],
        "interactions": [
            {"customer": f"c{user}", "product": f"p{item}", "time": 1_600_000_000 + _DAY * place,
             "stars": 4 + place % 2 if north[item] == (user % 2 == 0) else 1 + place % 3}
            for user in range(USERS)
            for place, item in enumerate(random.permutation(ITEMS)[:EVENTS].tolist())]}
    folder.mkdir()
    for name, rows in tables.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
