"""Kinds of tasks: one class each, and the registry that recipes choose from by `head`."""

from trainer.tasks.binary import Binary
from trainer.tasks.click import Click
from trainer.tasks.kind import TaskKind
from trainer.tasks.multi_class import MultiClass
from trainer.tasks.multi_label import MultiLabel
from trainer.tasks.regression import Regression
from trainer.tasks.retrieval import Retrieval

TASK_KINDS: dict[str, TaskKind] = {
    kind.name: kind
    for kind in (Retrieval(), Regression(), Binary(), Click(), MultiClass(), MultiLabel())
}

__all__ = ["TASK_KINDS", "TaskKind"]
