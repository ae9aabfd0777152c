"""The recipe's `tasks`: what the model learns."""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import model_validator

from schemas import FeatureSpec
from trainer.options import Strict, Way
from trainer.tasks import HEADS, TASK_KINDS, TaskKind, kind_of


class Task(Strict):
    """One thing that the model learns.

    Attributes:
      head: The kind of task: `retrieval` ranks the catalogue, `regression` predicts a
        label's value, within its domain, `binary` a probability, `click` the probability of an
        event, learned against items that the user has no event with, `multi_class` which of its
        values a categorical label has, `multi_label` the probability of each of several labels.
      label: The schema's label; for `retrieval` and `click`, the label that makes an event a
        positive one (every event, where there is none).
      labels: The labels of `multi_label`, each 0 or 1.
    """

    head: Annotated[Way, HEADS]
    label: str | None = None
    labels: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _has_its_labels(self) -> "Task":
        self.kind.check(self.label, self.labels)
        if self.labels is not None and not self.kind.several:
            able = " and ".join(f"'{name}'" for name, kind in TASK_KINDS.items() if kind.several)
            raise ValueError(f"'labels' was given, but the head is '{self.head.name}'; only {able} "
                             "has several labels")
        return self

    @property
    def kind(self) -> TaskKind:
        """What the head decides."""
        return kind_of(self.head)

    @property
    def targets(self) -> tuple[str, ...]:
        """The labels that the task reads."""
        return self.labels or ((self.label,) if self.label else ())

    def of_user(self, spec: FeatureSpec) -> bool:
        """Returns whether the task learns an attribute of the user, whatever the item."""
        return any(label.name in self.targets for label in spec.labels_of("users"))


_ALLOWED = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
# What the networks, the losses and the exported model's signatures call their own.
TAKEN = frozenset({
    "alignment", "candidate", "catalogue", "imputation", "index", "item_ids", "item_imputation",
    "item_modality_weights", "item_parts", "item_present", "query", "reconstruction", "scores",
    "unseen", "user_imputation", "user_modality_weights", "weights",
})


def check_names(names: Iterable[str]) -> None:
    """Refuses a task's name that no output can have, or that another output has.

    Args:
      names: The tasks' names.

    Raises:
      ValueError: There is one; the message names what is allowed.
    """
    for name in names:
        if not _ALLOWED.fullmatch(name):
            raise ValueError(f"no task may be called {name!r}; allowed are letters, digits and "
                             "'_', a letter first, 64 at most")
        if name in TAKEN:
            raise ValueError(f"no task may be called {name!r}, which is an output or a loss of "
                             f"the model itself; taken are: {', '.join(sorted(TAKEN))}")
