"""A small shop as ingest wrote it, its profile, and what the checks say of it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from worlds import column, png, small_spec
from worlds.examples import write_examples

from components.data_checks import Data, judge
from components.data_profile.component import make_profile

DAY = 86_400
START, NOW = 1_700_000_000 // DAY * DAY, 1_720_000_000
SPEC = small_spec(
    users=column("age", "INT", "numeric") + column("mail", "BYTES", "pii"),
    items=column("title", "BYTES", "text") + column("plot", "BYTES", "text")
    + column("kind", "BYTES", "categorical") + column("price", "FLOAT", "numeric")
    + column("year", "FLOAT", "numeric")
    + column("photo", "BYTES", "image"),
    events=column("stars", "FLOAT", "label:rating", domain=(1, 5))
    + column("score", "FLOAT", "numeric") + column("review", "BYTES", "text"),
    time="when")
_WORDS = ("lamp", "tide", "harbour", "moss", "owl", "rocket", "comet", "spice", "kettle", "dough")


class Shop:
    """Rows by table, to spoil; a row has a value a column.

    Attributes:
      users: 40 rows.
      items: 60 rows.
      events: 1,600 rows, 40 of each user, in 80 days.
      lost: How many values ingest left out, by table and column.
      quarantined: Rows that ingest left out, by table.
    """

    def __init__(self, seed: int = 1):
        rng = np.random.default_rng(seed)
        self.users = [{"who": f"u{n}", "age": 20 + n % 40, "mail": f"{n}@x.org"}
                      for n in range(40)]
        self.items = [{
            "what": f"i{n}", "title": f"{_WORDS[n % 10].title()} {n}",
            "plot": f"This is the {_WORDS[n % 7]} of the {_WORDS[n % 9]} and it was {n} for you.",
            "kind": ("home", "desk", "sale")[n % 3], "price": 5.0 + n, "year": 1990.0 + n % 30,
            "photo": png(rng.integers(0, 255, (6, 6, 3)).repeat(8, 0).repeat(8, 1)),
        } for n in range(60)]
        self.events = [{
            "who": f"u{n % 40}", "what": f"i{(7 * n + n // 60) % 60}",
            "when": START + n // 20 * DAY + int(rng.integers(8, 20)) * 3600 + n % 40,
            "stars": float(1 + (n * n) % 5), "score": float(rng.normal()),
            "review": f"I have it and the {_WORDS[n % 7]} is what I was after.",
        } for n in range(1_600)]
        self.lost: dict[tuple[str, str], int] = {}
        self.quarantined = dict.fromkeys(("users", "items", "interactions"), 0)

    @property
    def tables(self) -> dict[str, list[dict]]:
        """All tables by their names."""
        return {"users": self.users, "items": self.items, "interactions": self.events}

    def profile(self, folder: Path) -> dict:
        """Writes the tables as ingest does, and returns their profile."""
        folders = {side: str(folder / side) for side in self.tables}
        for side, rows in self.tables.items():
            split = "train" if side == "interactions" else "all"
            write_examples(folder / side / f"Split-{split}", [
                {name: value for name, value in row.items() if value is not None}
                for row in rows])
        counts = {side: {"read": len(rows) + self.quarantined[side], "kept": len(rows),
                         "quarantined": self.quarantined[side]}
                  for side, rows in self.tables.items()}
        lost: dict[str, dict] = {side: {"lost": []} for side in self.tables}
        for (side, name), count in self.lost.items():
            lost[side]["lost"].append({"column": name, "count": count, "empty": False})
        splits = {"train": len(self.events), "validation": 1, "test": 1}
        (folder / "quarantine").mkdir()
        (folder / "quarantine" / "counts.json").write_text(json.dumps(
            {**counts, "splits": splits, "split": "u80", "remarks": lost}))
        profile = make_profile(SPEC, {**folders, "quarantine": str(folder / "quarantine")}, NOW)
        return json.loads(json.dumps(profile, allow_nan=False)) | {"run": folder.name}


def findings(today: dict, past: dict | None, drift: dict | None = None, spec=SPEC,
             max_lost: float = 0.01, **more) -> dict[tuple[str, str, str], str]:
    """Returns the severity of each warning and failure, by check, table and column."""
    data = Data(spec, today, past, drift or {}, max_lost, **more)
    return {(one.check, one.table, one.column): str(one.severity) for one in judge(data)
            if one.severity != "info"}


def spoiled(spoil: Callable[[Shop], None], folder: Path) -> dict:
    """Returns the profile of a shop with a fault."""
    shop = Shop()
    spoil(shop)
    return shop.profile(folder)


def assert_found(result: dict[tuple[str, str, str], str], expected: str) -> None:
    """Asserts that a finding, as in `lost_values items price FAIL`, is among others."""
    *place, severity = expected.split(" ")
    assert result[tuple(place)] == severity


def change(side: str, column: str, value: Callable, every: int = 1) -> Callable[[Shop], None]:
    """Returns a fault: each row of so many gets a value, of the old one and of its place."""
    def spoil(shop: Shop) -> None:
        for place, row in enumerate(shop.tables[side]):
            if place % every == 0:
                row[column] = value(row[column], place)

    return spoil


def roll(side: str, column: str, by: int = 7, every: int = 1) -> Callable[[Shop], None]:
    """Returns a fault: values of each row of so many are those of other such rows."""
    def spoil(shop: Shop) -> None:
        rows = shop.tables[side][::every]
        values = [row[column] for row in rows]
        for row, value in zip(rows, values[by:] + values[:by], strict=True):
            row[column] = value

    return spoil
