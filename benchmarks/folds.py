"""The rating error of closed forms on the five folds of the literature, u1 to u5.

    python -m benchmarks.folds --data-dir DIR

A tenth of each fold's rows is drawn as validation; on it the penalties and the stack are fitted.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.protocols import FOLDS, Ratings, literature_fold
from trainer.closed_form.biases import Values
from trainer.closed_form.events import Events
from trainer.late_fusion.predictors import PREDICTOR_KINDS, Behaviour, Known
from trainer.late_fusion.stack import Stack, fit_stack

_USERS, _ITEMS, _LIKED, _GENRES = 944, 1_683, 4, 5
_SHARE = 0.1  # of the rows, for validation
_DECADES = 8


def genres(folder: Path) -> np.ndarray:
    """Returns the genres of `u.item` as standardised columns, `(items, genres)`."""
    lines = (folder / "u.item").read_text(encoding="latin-1").splitlines()
    table = np.zeros((_ITEMS, len(lines[0].split("|")) - _GENRES))
    for line in lines:
        number, *rest = line.split("|")
        table[int(number)] = [int(one) for one in rest[_GENRES - 1:]]
    return _standardised(table)


def profiles(folder: Path) -> np.ndarray:
    """Returns decade, gender and occupation of `u.user` as such columns, `(users, columns)`."""
    rows = [line.split("|") for line in (folder / "u.user").read_text().splitlines()]
    words = sorted({word for row in rows for word in row[2:4]})
    table = np.zeros((_USERS, _DECADES + len(words)))
    for number, age, *traits, _ in rows:
        table[int(number), min(int(age) // 10, _DECADES - 1)] = 1
        table[int(number), [_DECADES + words.index(word) for word in traits]] = 1
    return _standardised(table)


def _standardised(table: np.ndarray) -> np.ndarray:
    return 0.3 * table / np.maximum(table.std(axis=0), 0.05)


def errors(folder: Path) -> Iterator[float]:
    """Yields the root mean squared error of the stack on each fold's test rows.

    Args:
      folder: The folder `ml-100k` of MovieLens-100K's archive.
    """
    users, items = profiles(folder), genres(folder)
    for number in FOLDS:
        base, test = map(_values, literature_fold(folder, number))
        held_out = np.random.default_rng(0).random(len(base.values)) < _SHARE
        validation = base.at(held_out)
        train, known = (
            Known(rows, Behaviour(Events(rows.users, rows.items, rows.times,
                                         rows.values >= _LIKED, _USERS, _ITEMS)),
                  users, items, {})
            for rows in (base.at(~held_out), base))
        stack, _ = fit_stack(list(PREDICTOR_KINDS), train, validation, known,
                             np.zeros(len(validation.values)), binary=False)
        yield float(np.sqrt(np.mean((predictions(stack, test) - test.values) ** 2)))


def predictions(stack: Stack, rows: Values) -> np.ndarray:
    """Returns what a stack without a network says of rows, `(rows,)`."""
    parts = [np.ones(len(rows.values)), np.zeros(len(rows.values)),
             *(one.predictions(rows.users, rows.items) for one in stack.predictors)]
    known = (stack.users[rows.users] * stack.items[rows.items])[:, None]
    weights = np.array(stack.cold) + known * (np.array(stack.warm) - np.array(stack.cold))
    return np.clip((np.stack(parts, axis=1) * weights).sum(axis=1), *stack.bounds or (None, None))


def _values(ratings: Ratings) -> Values:
    return Values(ratings.users, ratings.items, ratings.values.astype(float), ratings.times,
                  _USERS, _ITEMS)


def main() -> None:
    """Prints the error of each fold and their mean."""
    parser = argparse.ArgumentParser(description="Rating error on u1 to u5.")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of MovieLens-100K")
    fold_errors = list(errors(parser.parse_args().data_dir / "ml-100k"))
    print(f"RMSE on u1 to u5: {', '.join(f'{one:.4f}' for one in fold_errors)}; "
          f"mean {np.mean(fold_errors):.4f}")


if __name__ == "__main__":
    main()
