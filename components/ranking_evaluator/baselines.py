"""The baselines that a model's ranking is held against: every ranker in closed form, tuned.

What there is to tune is tuned on the validation split; the baseline is then fitted afresh on train
and validation together. Each learns once from the relevant events and once from all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.log import Progress
from trainer.closed_form.events import Events
from trainer.closed_form.rankers import RANKERS
from trainer.closed_form.search import TUNING_USERS, Search
from trainer.evaluation.ranking import RankingTask, Scorer

_OF_ALL = "-events"  # after the name of a ranker that learned from all events


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline.

    Attributes:
      scorer: What gives the scores.
      search: What was tried on validation, and what was chosen.
    """

    scorer: Scorer
    search: Search


def fit_baselines(train: Events, validation_task: RankingTask,
                  known: Events) -> Iterator[tuple[str, Baseline | str]]:
    """Tunes and fits every baseline, one after the other, so that one alone is in memory.

    Args:
      train: Events of the train split.
      validation_task: The ranking of the validation split, to tune on; of more than 2,000 users
        as many are drawn.
      known: Events of train and validation.

    Yields:
      Names and baselines, or why there is none. Where all events are relevant there is no second
      one of a ranker.
    """
    task = validation_task.sample(TUNING_USERS)
    kinds = [(name, True) for name in RANKERS]
    if not known.relevant.all():
        kinds += [(name, False) for name in RANKERS]
    for name, relevant_only in Progress("Baselines", len(kinds)).over(kinds):
        ranker = RANKERS[name]
        called = name if relevant_only else name + _OF_ALL
        if reason := ranker.skipped(known):
            yield called, f"{called} is not run: {reason}."
            continue
        chosen = ranker.tuned(train, relevant_only, task)
        fitted = ranker.fit(known, relevant_only, **chosen.best)
        yield called, Baseline(fitted, chosen)
