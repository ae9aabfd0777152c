"""The recipe's `tasks`: what the model learns."""

from typing import Literal

from pydantic import model_validator

from schemas import FeatureSpec
from trainer.recipe.strict import Positive, Strict


class Task(Strict):
    """One thing that the model learns.

    Attributes:
      head: `retrieval` ranks the catalogue, `regression` predicts a value, `binary` a
        probability, `click` the probability of an event, learned against unseen items;
        `multi_class` which of its values a categorical label has, `multi_label` the probability
        of each of several labels.
      label: The schema's label; for `retrieval` and `click`, the label that makes an event a
        positive one (every event, where there is none).
      labels: The labels of `multi_label`, each 0 or 1.
      weight: Weight of the task's loss under fixed balancing.
    """

    head: Literal["retrieval", "regression", "binary", "click", "multi_class", "multi_label"]
    label: str | None = None
    labels: tuple[str, ...] | None = None
    weight: Positive = 1.0

    @model_validator(mode="after")
    def _has_label(self) -> "Task":
        if self.head in ("regression", "binary", "multi_class") and self.label is None:
            raise ValueError(f"a task with head '{self.head}' needs a label")
        if self.head == "multi_label" and (self.label or len(set(self.labels or ())) < 2
                                           or len(set(self.labels or ())) < len(self.labels or ())):
            raise ValueError("a task with head 'multi_label' needs 'labels', a list of two or "
                             "more different labels, and no 'label'")
        if self.head != "multi_label" and self.labels is not None:
            raise ValueError(f"'labels' was given, but the head is '{self.head}'; only "
                             "'multi_label' has several labels")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """The labels that the task reads."""
        return self.labels or ((self.label,) if self.label else ())

    def of_user(self, spec: FeatureSpec) -> bool:
        """Tells whether the task learns an attribute of the user, whatever the item."""
        return any(label.name in self.targets for label in spec.labels_of("users"))

    @property
    def probability(self) -> bool:
        """Whether the head predicts a probability, or several that are independent."""
        return self.head in ("binary", "click", "multi_label")
