"""The rankers of a fusion, before they are fitted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.closed_form.events import Events
from trainer.closed_form.search import Parameters
from trainer.late_fusion.kinds import RANKER_KINDS, RankerKind
from trainer.late_fusion.linear import LinearRanker


@dataclass(frozen=True)
class Member:
    """A ranker of a fusion, before it is fitted.

    Attributes:
      name: Its name in the fusion.
      kind_name: Its kind, by the name in `RANKER_KINDS`.
      relevant_only: Whether it learns of the relevant events alone.
      parameters: What was chosen on validation.
    """

    name: str
    kind_name: str
    relevant_only: bool
    parameters: Parameters

    @property
    def kind(self) -> RankerKind:
        """Its kind."""
        return RANKER_KINDS[self.kind_name]

    def fit(self, events: Events, contents: Sequence[np.ndarray], horizon: float) -> LinearRanker:
        """Fits it on some events, for the items that they are about.

        Args:
          events: The events.
          contents: Contents of all items, each `(items, content)`, the widest last.
          horizon: See `weighted_history`.
        """
        content = contents[-1 if self.kind.reads_wide else 0]
        return self.kind.fit(events, self.relevant_only, content, horizon, **self.parameters)


def members(names: Sequence[str], events: Events, content: np.ndarray,
            has_relevance: bool) -> list[Member]:
    """Returns the rankers of a fusion that make sense for a dataset.

    Args:
      names: Names of `RANKER_KINDS`.
      events: The events.
      content: Content of the items, `(items, content)`.
      has_relevance: Whether a history marks which of its events were relevant.
    """
    candidates = []
    for name in names:
        kind = RANKER_KINDS[name]
        if kind.reads_content and not content.shape[1]:
            continue
        candidates.append(Member(name, name, False, kind.start))
        if kind.of_relevant and has_relevance and not events.relevant.all():
            candidates.append(Member(f"{name}_of_relevant", name, True, kind.start))
    return candidates
