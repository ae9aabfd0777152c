"""The bare events of a split: who met what, when, and what the labels said."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from schemas import InputError
from trainer.data.interactions import InteractionReader
from trainer.preprocessing import columns


@dataclass(frozen=True)
class Events:
    """Interactions without their features, as arrays of `(events,)`.

    Attributes:
      users: User indices.
      items: Item indices.
      times: Seconds.
      labels: Label values by name, NaN where a row has none.
      values: Numbers that the event adds to later histories, by column; -1 where absent.
      strings: Strings that it adds, by column; empty where absent.
      compared: Whether all of its unseen items are there, bool; `None` if the data have none.
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    labels: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    strings: dict[str, np.ndarray] = field(default_factory=dict)
    compared: np.ndarray | None = None

    def __len__(self) -> int:
        """Returns the number of events."""
        return len(self.users)

    def item_probability(self, n_items: int) -> np.ndarray:
        """Returns the share of the events that each item index has, `(n_items,)`."""
        counts = np.bincount(self.items, minlength=n_items)
        return (counts / max(len(self), 1)).astype(np.float32)

    def label_mean(self, label: str) -> float:
        """Returns the mean of a label over the events that have it, 0 where none has."""
        known = self.labels[label][~np.isnan(self.labels[label])]
        return float(known.mean(dtype=float)) if len(known) else 0.0

    def label_variance(self, label: str) -> float:
        """Returns the variance of a label over the events that have it, 1 where it has none."""
        known = self.labels[label][~np.isnan(self.labels[label])]
        return float(known.var(dtype=float)) or 1.0 if len(known) else 1.0

    def class_shares(self, label: str, classes: int) -> list[float]:
        """Returns the share of each class in the events that have a label; even where none has."""
        known = self.labels[label][~np.isnan(self.labels[label])].astype(int)
        counts = np.bincount(known, minlength=classes) if len(known) else np.ones(classes)
        return (counts / counts.sum()).tolist()


def read_events(reader: InteractionReader, files: list[str]) -> Events:
    """Reads the events of some files of transformed interactions.

    Raises:
      InputError: There are none.
    """
    names = (columns.USER_INDEX, columns.ITEM_INDEX, columns.TIMESTAMP)
    inputs, labels, values, strings, compared = [], [], [], [], []
    for batch in reader.raw(files, 8192).as_numpy_iterator():
        inputs.append([batch[name] for name in names])
        labels.append({n: batch[columns.label(n)] for n in reader.labels})
        values.append({n: batch[columns.event_value(n)] for n in reader.values})
        strings.append({n: batch[columns.event_value(n)] for n in reader.strings})
        if columns.UNSEEN_INDEX in batch:
            compared.append((batch[columns.UNSEEN_INDEX] > 0).all(axis=1))
    if not inputs:
        where = Path(files[0]).parent.name if files else "A split"
        raise InputError(
            "split-without-rows",
            f"{where} of the interactions has no rows, but training needs some of each split. Give "
            "more events or split them in another way."
        )
    users, items, times = (np.concatenate(part) for part in zip(*inputs, strict=True))
    return Events(
        users, items, times,
        {n: np.concatenate([part[n] for part in labels]) for n in reader.labels},
        {n: np.concatenate([part[n] for part in values]) for n in reader.values},
        {n: np.concatenate([part[n] for part in strings]) for n in reader.strings},
        np.concatenate(compared) if compared else None,
    )


def concatenate(parts: list[Events]) -> Events:
    """Returns the events of several splits, one after the other."""
    return Events(
        np.concatenate([p.users for p in parts]),
        np.concatenate([p.items for p in parts]),
        np.concatenate([p.times for p in parts]),
        {n: np.concatenate([p.labels[n] for p in parts]) for n in parts[0].labels},
        {n: np.concatenate([p.values[n] for p in parts]) for n in parts[0].values},
        {n: np.concatenate([p.strings[n] for p in parts]) for n in parts[0].strings},
        None if parts[0].compared is None else np.concatenate([p.compared for p in parts]),
    )
