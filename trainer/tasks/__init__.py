"""Kinds of tasks: one class each, and the registry that recipes choose from by `head`."""

from trainer.options import OneRegistered, Way
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

HEADS = OneRegistered(lambda: {name: kind.way for name, kind in TASK_KINDS.items()})


def kind_of(head: object) -> TaskKind:
    """Returns the kind of a head, which knows what is said of it.

    Args:
      head: What a recipe says, as it is read or as it is written.
    """
    way = head if isinstance(head, Way) else HEADS.read(head)
    return TASK_KINDS[way.name].of(way)


__all__ = ["HEADS", "TASK_KINDS", "TaskKind", "kind_of"]
