"""The protocols of an evaluation, one function each, on arrays of events.

A run splits by `components.catalog_gen.splits`. The same rules are applied to whole arrays
here, and those that no run has are added: items without an event, and the five
folds of the literature.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.catalog_gen.splits import SPLITS, time_split, time_thresholds, user_time_split
from schemas.errors import InputError
from trainer.closed_form.draw import Draw, draw_items

_COLD_SHARE, _FEWEST = 0.2, 5
FOLDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Ratings:
    """Events, one row each.

    Attributes:
      users: Ids of users, `(events,)` int.
      items: Ids of items, `(events,)` int.
      values: Ratings, `(events,)` int.
      times: Seconds since 1970, `(events,)` int.
    """

    users: np.ndarray
    items: np.ndarray
    values: np.ndarray
    times: np.ndarray

    @staticmethod
    def read(path: Path) -> "Ratings":
        """Reads a file with MovieLens-100K's columns."""
        return Ratings(*np.loadtxt(path, dtype=np.int64, delimiter="\t", ndmin=2).T)

    def take(self, rows: np.ndarray) -> "Ratings":
        """Returns some of the events, by a `(events,)` bool mask."""
        return Ratings(self.users[rows], self.items[rows], self.values[rows], self.times[rows])


def u80(ratings: Ratings) -> np.ndarray:
    """Splits each user's events in time: 80 % train, 10 % validation, 10 % test.

    Returns:
      The position of each event's split in `components.catalog_gen.splits.SPLITS`, `(events,)` int.
    """
    splits = np.empty(len(ratings.users), int)
    for user in np.unique(ratings.users):
        rows = np.flatnonzero(ratings.users == user)
        order = list(zip(ratings.times[rows].tolist(), ratings.items[rows].tolist(), strict=True))
        splits[rows] = [SPLITS.index(name) for name in user_time_split(order)]
    return splits


def t80(ratings: Ratings) -> np.ndarray:
    """Splits all events in time: the earliest 80 % train, 10 % validation, 10 % test.

    Returns:
      As `u80`; events of one second are in one split.
    """
    thresholds = time_thresholds([np.sort(ratings.times)])
    return np.array([SPLITS.index(time_split(time, thresholds)) for time in ratings.times.tolist()])


def cold_items(ratings: Ratings, draw: int) -> np.ndarray:
    """Draws 20 % of the items with five events or more, whose events no training has.

    Args:
      ratings: All events.
      draw: Number of the draw, its seed.

    Returns:
      Ids of the items, ascending.
    """
    ids, counts = np.unique(ratings.items, return_counts=True)
    return ids[draw_items(ids.astype(str).tolist(), counts, Draw(_COLD_SHARE, _FEWEST, draw))]


def literature_fold(folder: Path, number: int) -> tuple[Ratings, Ratings]:
    """Reads one of the five folds that MovieLens-100K comes with, u1 to u5.

    Args:
      folder: The folder `ml-100k` of the archive.
      number: One of `FOLDS`.

    Returns:
      The events to learn from and those to predict.

    Raises:
      InputError: A file of the fold is missing.
    """
    files = [folder / f"u{number}.{part}" for part in ("base", "test")]
    for path in files:
        if not path.is_file():
            raise InputError("fold-missing",
                             f"There is no {path}. Give the folder ml-100k of MovieLens-100K's "
                             "archive, which has u1.base to u5.test.")
    base, test = map(Ratings.read, files)
    return base, test
