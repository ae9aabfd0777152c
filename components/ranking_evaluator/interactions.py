"""The raw interactions as arrays: who met what, when, and whether it was relevant."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from components.ranking_evaluator.groups import TYPES, modality_groups, profile_groups
from components.splits import SPLITS
from schemas import Feature, FeatureSpec, Label
from schemas.values.text import as_text
from trainer.closed_form.biases import Values
from trainer.closed_form.events import Events
from trainer.evaluation.ranking import RankingTask, ranking_task

_BATCH = 4096
_ABSENT = {bytes: b"", int: np.iinfo(np.int64).min, float: float("-inf")}


class Judged(NamedTuple):
    """What a task predicts of an event.

    Attributes:
      head: What the recipe says of its head, as JSON values: a name, or `{name: {options}}`.
      label: The label.
    """

    head: Any
    label: str


@dataclass(frozen=True)
class Interactions:
    """All events of a dataset, in the order of their splits.

    Attributes:
      catalogue: Item ids in ascending order, `(n_items,)`; integers as their decimal string.
      n_users: Number of users with an event.
      users: User index of each event, `(events,)` int.
      items: Item index of each event, a position in the catalogue, `(events,)` int.
      times: Time of each event in seconds, `(events,)` int64; 0 where the data has no times.
      timed: Whether the data has times.
      relevant: Whether the event makes its item relevant, `(events,)` bool.
      splits: Position of each event's split in `SPLITS`, `(events,)` int.
      test_examples: The serialized rows of the test split, in order.
      user_ids: Ids of the users, `(n_users,)`.
      labels: Numbers of each label of the interactions, `(events,)` float64, the place of a class
        among all; NaN where absent.
      user_groups: Groups of the users by columns of their table, each `(n_users,)`.
      item_groups: Groups of the items by what they have values of, each `(n_items,)`.
    """

    catalogue: list[str]
    n_users: int
    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    timed: bool
    relevant: np.ndarray
    splits: np.ndarray
    test_examples: list[bytes]
    user_ids: list[str] = field(default_factory=list)
    labels: dict[str, np.ndarray] = field(default_factory=dict)
    user_groups: dict[str, np.ndarray] = field(default_factory=dict)
    item_groups: dict[str, np.ndarray] = field(default_factory=dict)

    def task(self, split: str) -> RankingTask:
        """Returns the ranking of a split, given everything of the splits before it."""
        position = SPLITS.index(split)
        return ranking_task(
            self.users, self.items, self.relevant, n_items=len(self.catalogue),
            known=self.splits < position, held_out=self.splits == position,
        )

    def before(self, split: str) -> Events:
        """Returns the events of the splits before one."""
        rows = self.splits < SPLITS.index(split)
        return Events(self.users[rows], self.items[rows], self.times[rows], self.relevant[rows],
                      self.n_users, len(self.catalogue))

    def values(self, label: str, *splits: str) -> Values:
        """Returns a label's values on the rows of some splits that have one."""
        of_all = self.labels[label]
        rows = np.isin(self.splits, [SPLITS.index(split) for split in splits])
        rows &= np.isfinite(of_all)
        return Values(self.users[rows], self.items[rows], of_all[rows], self.times[rows],
                      self.n_users, len(self.catalogue))

    def of_test(self) -> dict[str, float]:
        """Returns the number of test events, and the shares of new items and of new users in it.

        New is who has no event in train and validation.
        """
        test = self.splits == SPLITS.index("test")
        figures: dict[str, float] = {"events": int(test.sum())}
        for side, index in (("items", self.items), ("users", self.users)):
            new = ~np.isin(index[test], index[~test])
            figures[f"new_{side}_share"] = float(new.mean()) if len(new) else 0.0
        return figures

    def requests(self, users: np.ndarray) -> list[bytes]:
        """Returns each user's first test row, by time and then by item.

        A test row's history is all of train and validation, so that one row is enough.
        """
        owners, rows = self._first_test_rows
        return [self.test_examples[row] for row in rows[np.searchsorted(owners, users)]]

    @cached_property
    def _first_test_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Users with a test row, ascending, and the place of each one's first test row."""
        test = np.flatnonzero(self.splits == SPLITS.index("test"))
        order = np.lexsort((self.items[test], self.times[test], self.users[test]))
        owners, first = np.unique(self.users[test][order], return_index=True)
        return owners, order[first]

    def gaps(self, users: np.ndarray) -> np.ndarray:
        """Returns the seconds between each user's last known and first test event, `(q,)`.

        A user without a known event has an infinite gap.
        """
        test = self.splits == SPLITS.index("test")
        last, first = np.full(self.n_users, -np.inf), np.full(self.n_users, np.inf)
        np.maximum.at(last, self.users[~test], self.times[~test])
        np.minimum.at(first, self.users[test], self.times[test])
        return first[users] - last[users]


def read_interactions(
    folders: dict[str, str], items_folder: str, spec: FeatureSpec, relevant_label: str | None,
    users_folder: str | None = None,
) -> Interactions:
    """Reads the raw tables.

    Args:
      folders: The folder of each split of the interactions table.
      items_folder: The folder of the items table's split.
      spec: The dataset's spec.
      relevant_label: Name of the binary label that makes an event relevant; every event is,
        where there is none.
      users_folder: The folder of the users table's split; without it users have no groups.

    Returns:
      The events of known items; an event of an item that the items table lacks is left out.

    Raises:
      InputError: The dataset has no such label.
    """
    label = spec.label(relevant_label) if relevant_label else None
    wanted = [spec.role("user_id"), spec.role("item_id")]
    timed = spec.has_role("timestamp")
    if timed:
        wanted.append(spec.role("timestamp"))
    judged = spec.labels_of("interactions")
    of_labels = {known.feature for known in judged} | ({label.feature} if label else set())
    wanted += [f for f in spec.table("interactions") if f.name in of_labels]
    item_key = spec.id_key("items")
    catalogue = np.unique(_read(items_folder, [item_key])[0][item_key.name])
    parts = [_read(folders[split], wanted, keep_rows=split == "test") for split in SPLITS]
    splits = np.repeat(np.arange(len(SPLITS)), [len(p[0][wanted[0].name]) for p in parts])
    columns = {f.name: np.concatenate([p[0][f.name] for p in parts]) for f in wanted}
    ids = columns[spec.role("item_id").name]
    items, listed = np.searchsorted(catalogue, ids), np.isin(ids, catalogue)
    owners, users = np.unique(columns[spec.role("user_id").name][listed], return_inverse=True)
    times = (columns[spec.role("timestamp").name] if timed
             else np.zeros(len(splits), np.int64))
    test_listed = listed[splits == SPLITS.index("test")]
    ids_of_items, ids_of_users = ([as_text(one) for one in some] for some in (catalogue, owners))
    return Interactions(
        catalogue=ids_of_items,
        n_users=len(owners),
        users=users,
        items=items[listed],
        times=times[listed],
        timed=timed,
        relevant=_relevant(columns, label, len(splits))[listed],
        splits=splits[listed],
        test_examples=[row for row, kept in zip(parts[-1][1], test_listed, strict=True) if kept],
        user_ids=ids_of_users,
        labels={known.name: _numbers(columns, known)[listed] for known in judged},
        user_groups=profile_groups(users_folder, spec, ids_of_users) if users_folder else {},
        item_groups=modality_groups(items_folder, spec, ids_of_items),
    )


def _numbers(columns: dict[str, np.ndarray], label: Label) -> np.ndarray:
    """Returns a label as numbers, NaN where its feature is absent."""
    values = columns[label.feature]
    if label.classes:
        places = {name.encode(): float(place) for place, name in enumerate(label.classes)}
        return np.array([places.get(value, np.nan) for value in values])
    absent = next(_ABSENT[kind] for kind in (int, float, bytes)
                  if np.dtype(TYPES[kind].as_numpy_dtype).kind == values.dtype.kind)
    numbers = (_relevant(columns, label, len(values)) if label.binary else values).astype(float)
    return np.where(values == absent, np.nan, numbers)


def _relevant(columns: dict[str, np.ndarray], label: Label | None, rows: int) -> np.ndarray:
    if label is None:
        return np.ones(rows, bool)
    values = columns[label.feature]
    if label.equals is not None:
        return values == label.equals.encode()
    return values >= (1.0 if label.threshold is None else label.threshold)


def _read(
    folder: str, features: list[Feature], keep_rows: bool = False
) -> tuple[dict[str, np.ndarray], list[bytes]]:
    """Reads columns of a split, and its serialized rows where they are wanted."""
    # A long table has millions of rows: only the columns in use are held.
    parsing = {
        f.name: tf.io.FixedLenFeature([], TYPES[f.dtype], _ABSENT[f.dtype]) for f in features
    }
    files = sorted(str(path) for path in Path(folder).glob("data_tfrecord-*.gz"))
    rows: list[bytes] = []
    columns: dict[str, list[np.ndarray]] = {f.name: [] for f in features}
    for batch in tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_BATCH):
        for name, values in tf.io.parse_example(batch, parsing).items():
            columns[name].append(values.numpy())
        if keep_rows:
            rows.extend(batch.numpy().tolist())
    empty = {f.name: np.empty(0, TYPES[f.dtype].as_numpy_dtype) for f in features}
    return {n: np.concatenate(c) if c else empty[n] for n, c in columns.items()}, rows
