"""The kinds of rankers that a network can fuse with its own score, in one registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from trainer.closed_form.events import Events
from trainer.closed_form.factors import fit_content_ials
from trainer.closed_form.neighbours import (
    ItemToItem,
    fit_decayed_ease,
    fit_ease,
    fit_item_neighbours,
)
from trainer.closed_form.one_thread import one_thread
from trainer.closed_form.popularity import fit_recent_popularity
from trainer.closed_form.rankers import RANKERS
from trainer.closed_form.search import Axis, Parameters, middles
from trainer.late_fusion.linear import NEVER_FADES, LinearRanker

# An item-to-item matrix of more items is approximated by so many leading vectors.
_WHOLE, _WIDTH = 512, 256
_PAIRS = 4.0  # Pairs fade so much more slowly than the events of a history.


@dataclass(frozen=True)
class RankerKind:
    """A kind of ranker.

    Attributes:
      fit: Makes a ranker of events, `relevant_only`, the items' content `(items, content)`, the
        horizon of a history (see `weighted_history`) and the parameters of `axes`.
      axes: What to try of each parameter.
      fades: Whether what is learned depends on the horizon, not the weights of a history alone.
      of_relevant: Whether one ranker learns of the relevant events and a second one of all events;
        otherwise there is one, of all.
      reads_content: Whether it is nothing without content.
      reads_wide: Whether it reads the wider content, for events tell it how much of that to follow.
    """

    fit: Callable[..., LinearRanker]
    axes: Mapping[str, Axis] = field(default_factory=dict)
    fades: bool = False
    of_relevant: bool = True
    reads_content: bool = False
    reads_wide: bool = False

    @property
    def start(self) -> Parameters:
        """The middle value of each axis."""
        return middles(self.axes)


def _popularity(events: Events, relevant_only: bool, content: np.ndarray,
                horizon: float) -> LinearRanker:
    """The logarithm of an item's number of users, the same for everybody."""
    return _of_scores(np.log1p(events.item_counts(relevant_only)))


def _recent_popularity(events: Events, relevant_only: bool, content: np.ndarray, horizon: float,
                       days: float) -> LinearRanker:
    """The number of events of late; its logarithm would raise what is forgotten already."""
    return _of_scores(fit_recent_popularity(events, relevant_only, days).counts)


def _of_scores(scores: np.ndarray) -> LinearRanker:
    return _of_32_bits(np.zeros((len(scores), 1)), scores[:, None], start=np.ones(1))


def _item_to_item(events: Events, relevant_only: bool, content: np.ndarray, horizon: float,
                  penalty: float) -> LinearRanker:
    """EASE; where histories fade, pairs that are far apart count less, too."""
    if horizon < NEVER_FADES:
        fitted = fit_decayed_ease(events, relevant_only, penalty, _PAIRS * horizon, horizon)
    else:
        fitted = fit_ease(events, relevant_only, penalty)
    return _of_item_to_item(fitted)


def _item_neighbours(events: Events, relevant_only: bool, content: np.ndarray, horizon: float,
                     neighbours: float) -> LinearRanker:
    """Item-kNN."""
    return _of_item_to_item(fit_item_neighbours(events, relevant_only, neighbours))


def _of_item_to_item(fitted: ItemToItem) -> LinearRanker:
    """Makes a ranker of weights, or of their leading vectors."""
    weights = fitted.weights
    if len(weights) <= _WHOLE:
        return _of_32_bits(fitted.placed(weights), fitted.placed(np.eye(len(weights))))
    from sklearn.utils.extmath import randomized_svd

    with one_thread(_WIDTH):
        left, values, right = randomized_svd(weights, _WIDTH, random_state=0)
    root = np.sqrt(values)
    return _of_32_bits(fitted.placed(left * root), fitted.placed((right * root[:, None]).T))


def _factors(events: Events, relevant_only: bool, content: np.ndarray, horizon: float,
             penalty: float, unobserved: float, dim: float,
             content_penalty: float) -> LinearRanker:
    """iALS with content; a user's factors are a linear map of a history of the usual length."""
    items = fit_content_ials(events, relevant_only, penalty, unobserved, dim, content,
                             content_penalty).items.astype(float)
    matrix = events.matrix(relevant_only)
    counts = events.item_counts(relevant_only)
    length = matrix.sum() / max(int((np.diff(matrix.indptr) > 0).sum()), 1)
    share = counts / max(counts.sum(), 1.0)
    system = (unobserved * items.T @ items + length * (items.T * share) @ items
              + penalty * (length + unobserved * len(items)) * np.eye(items.shape[1]))
    with one_thread(len(system)):
        history = np.linalg.solve(system, items.T).T
    return _of_32_bits(history, items)


def _content(events: Events, relevant_only: bool, content: np.ndarray, horizon: float,
             penalty: float) -> LinearRanker:
    """Each user's ridge regression of met items (1) against all others (0) on their content."""
    known = events.item_counts(relevant_only) > 0
    own = content[known]
    with one_thread(own.shape[1]):
        history = np.linalg.solve(own.T @ own + penalty * np.eye(own.shape[1]), content.T).T
    history[~known] = 0.0
    return _of_32_bits(history, content * known[:, None], np.eye(1 + content.shape[1])[:, 1:])


def _of_32_bits(history, candidates, of_content=None, start=None) -> LinearRanker:
    dim = candidates.shape[1]
    return LinearRanker(*(np.ascontiguousarray(part, np.float32) for part in (
        history, candidates, np.zeros((0, dim)) if of_content is None else of_content,
        np.zeros(dim) if start is None else start)))


_PENALTY = RANKERS["ease"].axes["penalty"]
RANKER_KINDS: dict[str, RankerKind] = {
    "popularity": RankerKind(_popularity, of_relevant=False),
    "recent_popularity": RankerKind(
        _recent_popularity, RANKERS["recent-popularity"].axes, of_relevant=False),
    "item_neighbours": RankerKind(_item_neighbours, RANKERS["item-knn"].axes),
    "item_to_item": RankerKind(_item_to_item, {"penalty": _PENALTY}, fades=True),
    "factors": RankerKind(
        _factors,
        {**RANKERS["ials"].axes, "content_penalty": Axis((1.0, 10.0, 100.0), 10.0, 0.1, 1e4)},
        reads_wide=True),
    "content": RankerKind(
        _content, {"penalty": Axis((30.0, 100.0, 300.0), 3.0, 1.0, 1e5)}, of_relevant=False,
        reads_content=True),
}
