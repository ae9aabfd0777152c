"""The recipe's `tasks`: what the model learns."""

from typing import Annotated

from pydantic import model_validator

from schemas import FeatureSpec
from trainer.options.choice import OneRegistered, Way
from trainer.options.strict import Positive, Strict
from trainer.tasks import TASK_KINDS, TaskKind


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
      weight: Weight of the task's loss under fixed balancing.
    """

    head: Annotated[Way, OneRegistered(lambda: {n: k.way for n, k in TASK_KINDS.items()})]
    label: str | None = None
    labels: tuple[str, ...] | None = None
    weight: Positive = 1.0

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
        return TASK_KINDS[self.head.name]

    @property
    def targets(self) -> tuple[str, ...]:
        """The labels that the task reads."""
        return self.labels or ((self.label,) if self.label else ())

    def of_user(self, spec: FeatureSpec) -> bool:
        """Tells whether the task learns an attribute of the user, whatever the item."""
        return any(label.name in self.targets for label in spec.labels_of("users"))
