"""What a fault is, the list of all, and how one changes tables."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.faults.shop import Shop

DAY = 86_400


@dataclass(frozen=True)
class Fault:
    """A fault and what should be said of it.

    Attributes:
      name: What is wrong, in words.
      seed: Puts it into a shop.
      checks: Names of checks of which one must find it.
      severity: How bad it is.
      alone: It is looked at without a past.
      days: So many of the newest days the past does not have.
      media: It is about media; the others are seeded in a shop without any.
    """

    name: str
    seed: Callable[[Shop], None]
    checks: frozenset[str]
    severity: str
    alone: bool = False
    media: bool = False
    days: int = 0


FAULTS: list[Fault] = []


def fault(name: str, checks: str, severity: str, alone: bool = False, media: bool = False
          ) -> Callable[[Callable[[Shop], None]], Callable[[Shop], None]]:
    """Adds a fault to the list; `checks` are names with blanks between."""
    def register(seed: Callable[[Shop], None]) -> Callable[[Shop], None]:
        FAULTS.append(Fault(name, seed, frozenset(checks.split()), severity, alone, media))
        return seed

    return register


def random() -> np.random.Generator:
    return np.random.default_rng(3)


def some(table: pd.DataFrame, share: float) -> pd.Index:
    """Returns the index of some rows."""
    return table.index[random().random(len(table)) < share]


def change(kind: str, change: Callable[[pd.Series], object], share: float = 1.0
            ) -> Callable[[Shop], None]:
    """Returns a fault that changes a kind of column in some of its rows."""
    def seed(shop: Shop) -> None:
        side, column = shop.find(kind)
        table = shop.tables[side]
        rows = some(table, share) if share < 1 else table.index
        table.loc[rows, column] = pd.Series(change(table.loc[rows, column]), rows).astype(str)

    return seed


def numbers(change: Callable[[pd.Series], pd.Series]) -> Callable[[pd.Series], pd.Series]:
    """Returns a change of numbers as one of texts, which leaves empty ones."""
    def changed(texts: pd.Series) -> pd.Series:
        filled = texts != ""
        texts = texts.copy()
        texts[filled] = change(pd.to_numeric(texts[filled])).astype(str)
        return texts

    return changed


def rolled(kind: str, rows: int = 1) -> Callable[[Shop], None]:
    """Returns a fault that gives each row the value of one before it."""
    def seed(shop: Shop) -> None:
        side, column = shop.find(kind)
        shop.tables[side][column] = np.roll(shop.tables[side][column].to_numpy(), rows)

    return seed


def shifted(seconds: int) -> Callable[[pd.Series], pd.Series]:
    return numbers(lambda times: times + seconds)
