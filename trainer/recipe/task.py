"""The recipe's `tasks`: what the model learns."""

from typing import Literal

from pydantic import PositiveFloat, model_validator

from trainer.recipe.strict import Strict


class Task(Strict):
    """One thing that the model learns.

    Attributes:
      head: `retrieval` ranks the catalogue, `regression` predicts a value, `binary` a
        probability, `click` the probability of an event, learned against unseen items.
      label: The schema's label; for `retrieval` and `click`, the label that makes an event a
        positive one (every event, where there is none).
      weight: Weight of the task's loss under fixed balancing.
    """

    head: Literal["retrieval", "regression", "binary", "click"]
    label: str | None = None
    weight: PositiveFloat = 1.0

    @model_validator(mode="after")
    def _has_label(self) -> "Task":
        if self.head in ("regression", "binary") and self.label is None:
            raise ValueError(f"a task with head '{self.head}' needs a label")
        return self

    @property
    def probability(self) -> bool:
        """Whether the head predicts a probability."""
        return self.head in ("binary", "click")
