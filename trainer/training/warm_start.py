"""Warm start: a network begins with the weights of an earlier one, row by row where rows have keys.

A row of an embedding is of an id, a category or a word, and its place changes from one day to the
next. So the keys of all rows are kept beside the weights: a row whose key the earlier network had
begins with what that one learned of it, and a new one like any weight of a cold start. A weight
without keys begins as it ended, if it has the same shape.

Each of the two fits begins with the same fit of the earlier network. The first one must not know
the events that it is validated on, which the earlier network's second fit may have learned from.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from trainer.network.model import Network
from trainer.network.plan import IDS
from trainer.parts.part import Embedded, Part
from trainer.preprocessing import columns
from trainer.training.callbacks import save_variables

Keys = Mapping[str, Sequence[str]]  # of the rows of embeddings, in their order, by vocabulary

log = logging.getLogger("tessera.trainer")
_ROWS, _WEIGHTS = "rows.json", "{fit}.start"
FITS = ("first", "second")
ANOTHER = ("the network of the last blessed model embeds other vocabularies, or in vectors of "
           "another width")


def vocabulary_key(side: str, name: str) -> str:
    """Names a vocabulary of a table; `users` and `items` themselves name the ids."""
    return f"{side}/{name}"


def keyed_rows(network: Network) -> dict[int, str]:
    """Returns the vocabulary of each embedding that has keys, by the `id` of its variable."""
    vocabularies = {}
    for part in (*network.user_parts, *network.item_parts):
        for embedding, name in _named(part):
            vocabularies[id(embedding.embeddings)] = name
    return vocabularies


def _named(part: Part) -> Iterator[tuple[keras.layers.Embedding, str]]:
    embeddings = [layer for layer in part.layer._flatten_layers()
                  if isinstance(layer, keras.layers.Embedding)]
    if part.name == IDS:
        yield from ((one, part.side) for one in embeddings)
        return
    vocabularies = [one.vocabulary for one in part.gradient
                    if isinstance(one, Embedded) and one.vocabulary]
    if vocabularies:
        for one, name in zip(embeddings, vocabularies, strict=True):
            yield one, vocabulary_key(part.side, name)
        return
    past = {"type": columns.TYPES, "review_words": columns.WORDS}
    yield from ((one, vocabulary_key("interactions", past[one.name]))
                for one in embeddings if one.name in past)


def carried(new: np.ndarray, old: np.ndarray, keys: Sequence[str], old_keys: Sequence[str]
            ) -> np.ndarray:
    """Carries rows over by their keys.

    Args:
      new: What the rows begin with, `(rows, ...)`: row 0 is of no value, the keys' rows come next,
        and what is behind them is of unknown values.
      old: The earlier rows.
      keys: Keys of the new rows from row 1 on.
      old_keys: Keys of the earlier rows.

    Returns:
      The rows; that of a key which is new is as it was in `new`.

    Example:
      >>> carried(np.zeros((3, 1)), np.ones((2, 1)), ["ann", "bob"], ["bob"])[:, 0].tolist()
      [1.0, 0.0, 1.0]
    """
    place = {key: row for row, key in enumerate(old_keys, start=1)}
    old_rows = np.array([place.get(key, 0) for key in keys], np.int64)
    rows = new.copy()
    rows[0] = old[0]
    known = np.flatnonzero(old_rows)
    rows[known + 1] = old[old_rows[known]]
    behind, old_behind = len(new) - 1 - len(keys), len(old) - 1 - len(old_keys)
    if same := min(behind, old_behind):
        rows[-same:] = old[-same:]
    return rows


def save_start(folder: Path, networks: Mapping[str, Network], keys: Keys,
               cold_validation: Sequence[float]) -> None:
    """Keeps what a later network begins with.

    Args:
      folder: Where the weights of a training go.
      networks: The network of each fit in `FITS`.
      keys: Keys of all vocabularies that they embed.
      cold_validation: Validation NDCG@10 after each epoch of the cold start that the weights go
        back to.
    """
    for fit in FITS:
        save_variables(folder / _WEIGHTS.format(fit=fit), networks[fit].training.trainable_weights)
    weights = _weights(networks[FITS[0]])
    content = {"weights": weights, "cold_validation": list(cold_validation),
               "keys": {name: list(keys[name]) for name, _ in weights if name is not None}}
    (folder / _ROWS).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _weights(network: Network) -> list[tuple[str | None, list[int]]]:
    """Returns of each weight the vocabulary of its rows, if they have keys, and its shape."""
    named = keyed_rows(network)
    return [(named.get(id(one)), list(one.shape)) for one in network.training.trainable_weights]


@dataclass(frozen=True)
class WarmStart:
    """What an earlier training left for a later one.

    Attributes:
      folder: Where `save_start` wrote it.
    """

    folder: Path

    @property
    def usable(self) -> bool:
        """Whether there is anything: a training without `warm_start` leaves nothing."""
        return (self.folder / _ROWS).is_file()

    @property
    def cold_validation(self) -> list[float]:
        """Validation NDCG@10 by epoch of the cold start that the weights go back to."""
        return self._rows["cold_validation"]

    @cached_property
    def _rows(self) -> dict[str, Any]:
        return json.loads((self.folder / _ROWS).read_text(encoding="utf-8"))

    def matches(self, network: Network) -> bool:
        """Returns whether a network embeds the same vocabularies, in vectors of the same widths."""
        earlier, now = self._rows["weights"], _weights(network)
        return len(earlier) == len(now) and all(
            old == name and (name is None or shape[1:] == width[1:])
            for (old, shape), (name, width) in zip(earlier, now, strict=True))

    def figures(self, network: Network, keys: Keys) -> dict[str, Any]:
        """Returns what the network began with.

        Args:
          network: A network, trained or not.
          keys: Keys of all vocabularies that it embeds.

        Returns:
          `skipped`, a reason, of another network. Else by vocabulary how many rows were `carried`
          over and how many are `new`, and the number of `fresh_weights`, whose shape is new.
        """
        if not self.matches(network):
            return {"skipped": ANOTHER}
        earlier = self._rows
        known = {name: len(set(keys[name]) & set(old)) for name, old in earlier["keys"].items()}
        return {"carried": known,
                "new": {name: len(keys[name]) - count for name, count in known.items()},
                "fresh_weights": sum(
                    name is None and old != shape for (_, old), (name, shape) in zip(
                        earlier["weights"], _weights(network), strict=True))}

    def begin(self, network: Network, keys: Keys, fit: str) -> None:
        """Lets a network begin with what the earlier one learned, if it is one like it.

        Args:
          network: A network with its initial weights.
          keys: Keys of all vocabularies that it embeds.
          fit: A name in `FITS`.
        """
        if not self.matches(network):
            if fit == FITS[0]:  # once for both
                log.warning("Training starts cold: %s", ANOTHER)
            return
        named, old_keys = keyed_rows(network), self._rows["keys"]
        with (self.folder / _WEIGHTS.format(fit=fit)).open("rb") as file:
            for variable in network.training.trainable_weights:
                old, name = np.load(file, allow_pickle=False), named.get(id(variable))
                if name is not None:
                    variable.assign(
                        carried(np.asarray(variable), old, keys[name], old_keys[name]))
                elif old.shape == tuple(variable.shape):
                    variable.assign(old)
