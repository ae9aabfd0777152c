"""Which items are kept from training, and the task of ranking them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from trainer.closed_form.events import Events
from trainer.evaluation.ranking import RankingTask

_WHOLE = re.compile("-?[0-9]{1,18}")


@dataclass(frozen=True)
class Draw:
    """Which items are kept from the second training.

    Attributes:
      share: How many of the items with enough events, from 0 to 1.
      min_events: How many events are enough.
      seed: Seed of the draw.
    """

    share: float
    min_events: int
    seed: int


def draw_items(ids: Sequence[str], counts: np.ndarray, draw: Draw) -> np.ndarray:
    """Draws items of those with enough events.

    Args:
      ids: Ids of the items; where all are integers they are sorted as such, else as texts.
      counts: Number of events of each, `(items,)`.
      draw: How to draw; the number of drawn items is rounded down.

    Returns:
      Positions of the drawn items, ascending.
    """
    whole = all(map(_WHOLE.fullmatch, ids))
    order = sorted(range(len(ids)), key=lambda place: int(ids[place]) if whole else ids[place])
    able = np.array([place for place in order if counts[place] >= draw.min_events], int)
    return np.sort(np.random.default_rng(draw.seed).choice(
        able, int(draw.share * len(able)), replace=False))


def hidden_items(events: Events, draw: Draw) -> np.ndarray:
    """Returns whether an item is drawn to be hidden from some events, `(n_items,)` bool."""
    counts = np.bincount(events.items, minlength=events.n_items)
    hidden = np.zeros(events.n_items, bool)
    hidden[draw_items([str(item) for item in range(events.n_items)], counts, draw)] = True
    return hidden


def without(events: Events, cold: np.ndarray) -> Events:
    """Returns the events of all other items.

    Args:
      events: Events.
      cold: Whether an item is left out, `(n_items,)` bool.
    """
    kept = ~cold[events.items]
    return Events(events.users[kept], events.items[kept], events.times[kept],
                  events.relevant[kept], events.n_users, events.n_items)


def cold_task(events: Events, cold: np.ndarray) -> RankingTask:
    """Returns the task of ranking items that training has no event of.

    Args:
      events: All events.
      cold: The items, `(n_items,)` bool.

    Returns:
      The task, of the users who have a relevant event with one of them and any event with another
      item. Nobody has met a cold item, so that all of them are everybody's candidates.
    """
    wanted = events.relevant & cold[events.items]
    shape = (events.n_users, events.n_items)
    target = sparse.csr_matrix(
        (np.ones(int(wanted.sum()), bool), (events.users[wanted], events.items[wanted])), shape)
    known = np.zeros(events.n_users, bool)
    known[events.users[~cold[events.items]]] = True
    users = np.flatnonzero(known & (np.diff(target.indptr) > 0))
    nothing = sparse.csr_matrix((len(users), events.n_items), dtype=bool)
    return RankingTask(users, cold, nothing, target[users])
