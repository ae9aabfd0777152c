"""A linear ranker: what a history says, summed, meets an item's vector in an inner product."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from trainer.closed_form.events import Events
from trainer.closed_form.factors import regression_on_content

FLOOR = 0.3  # Weight of an event that is infinitely long ago.
NEVER_FADES = 1e9


@dataclass(frozen=True)
class LinearRanker:
    """A fitted ranker. Row 0 of both tables is the unknown item.

    Attributes:
      history: What an event of an item adds to the user's query, `(items, dim)` float32.
      candidates: What the query is held against, `(items, dim)` float32; zeros for an item without
        an event.
      of_content: Makes of an item's content the candidate of an item without an event, `(1 +
        content, dim)` float32: a constant and a row for each number; without a row where content
        says nothing here.
      start: The query of somebody without a history, `(dim,)` float32.

    Example:
      >>> ranker = LinearRanker(np.eye(2, dtype="float32"), np.eye(2, dtype="float32"),
      ...                       np.zeros((0, 2), "float32"), np.zeros(2, "float32"))
      >>> ranker.scores(np.array([[0.0, 1.0]], "float32"))
      array([[0., 1.]], dtype=float32)
    """

    history: np.ndarray
    candidates: np.ndarray
    of_content: np.ndarray
    start: np.ndarray

    @property
    def dim(self) -> int:
        """Width of query and candidate."""
        return self.candidates.shape[1]

    @property
    def of_content_alone(self) -> bool:
        """Whether a candidate is the item's content itself, also where the item has events."""
        return np.array_equal(self.of_content, np.eye(1 + self.dim)[:, 1:])

    def queries(self, histories: np.ndarray) -> np.ndarray:
        """Returns the queries `(q, dim)` of weighted histories, `(q, items)` dense or sparse."""
        return np.asarray(histories @ self.history + self.start, np.float32)

    def scores(self, histories: np.ndarray) -> np.ndarray:
        """Returns the scores `(q, items)` of weighted histories, `(q, items)` dense or sparse."""
        return self.queries(histories) @ self.candidates.T

    def with_content(self, content: np.ndarray, of_new: np.ndarray) -> np.ndarray:
        """Returns the candidates of all items, `(items, dim)`, with what content says of the new.

        Args:
          content: Content of the items as the ranker read it, `(items, content)`.
          of_new: That which `with_new_items` read.
        """
        if not len(self.of_content):
            return self.candidates
        new = ~self.candidates.any(axis=1, keepdims=True)
        read = content if self.of_content_alone else of_new
        return self.candidates + new * (self.of_content[0] + read @ self.of_content[1:])

    def with_new_items(self, content: np.ndarray, counts: np.ndarray,
                       penalty: float) -> "LinearRanker":
        """Returns the ranker with `of_content`, if it has none and there is content.

        Args:
          content: Content of the items, `(items, content)`.
          counts: Number of events of each item that the candidates are made of, `(items,)`.
          penalty: See `regression_on_content`.
        """
        if len(self.of_content) or not content.shape[1]:
            return self
        counts = np.where(self.candidates.any(axis=1), counts, 0)  # not every item has a candidate
        if not counts.any():
            return self
        return replace(self, of_content=regression_on_content(
            content, self.candidates, counts, penalty).astype(np.float32))

    def save(self, path: Path) -> None:
        """Writes the arrays into one file."""
        np.savez(path, **{one.name: getattr(self, one.name) for one in fields(self)})

    @staticmethod
    def load(path: Path) -> "LinearRanker":
        """Reads the arrays."""
        with np.load(path) as arrays:
            return LinearRanker(**arrays)


def weighted_history(events: Events, relevant_only: bool, horizon: float):
    """Returns who met what, `(users, items)` sparse, later events with more weight.

    Args:
      events: The events.
      relevant_only: Whether only relevant ones count.
      horizon: By how many events of the user the weight falls by the factor e.
    """
    return events.weighted(relevant_only, horizon, FLOOR)
