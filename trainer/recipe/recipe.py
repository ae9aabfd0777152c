"""What a recipe may say: the validated tree behind each YAML file of `pipeline/recipes`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from trainer.recipe.network import ModelOptions
from trainer.recipe.preprocessing import Preprocessing
from trainer.recipe.strict import Strict
from trainer.recipe.task import Task
from trainer.recipe.training import Training

Modality = Literal["categorical", "numeric", "text", "image", "audio", "video"]
ALL: Literal["all"] = "all"
Modalities = Annotated[
    tuple[Literal[Modality, "all"], ...],
    BeforeValidator(lambda given: (ALL,) if given == ALL else given),
]


class Recipe(Strict):
    """A model and how to train it, without a word about any dataset.

    Attributes:
      description: One line for `tessera recipes`.
      modalities: Modalities that the towers read, of users and of items; `all` for those that a
        dataset has.
      relevant: The label that makes an event relevant in the ranking evaluation; that of the
        retrieval task, where there is none.
      tasks: What is learned, by name.
    """

    description: str
    modalities: Modalities = (ALL,)
    relevant: str | None = None
    preprocessing: Preprocessing = Preprocessing()
    model: ModelOptions = ModelOptions()
    tasks: dict[str, Task]
    balancing: Literal["fixed", "uncertainty", "gradnorm", "pcgrad"] = "fixed"
    training: Training = Training()

    @model_validator(mode="after")
    def _one_retrieval(self) -> "Recipe":
        heads = [task.head for task in self.tasks.values()]
        if heads.count("retrieval") != 1:
            raise ValueError("exactly one task must have the head 'retrieval'")
        return self

    @model_validator(mode="after")
    def _all_stands_alone(self) -> "Recipe":
        if ALL in self.modalities and len(self.modalities) > 1:
            raise ValueError(f"'modalities' is {list(self.modalities)}: 'all' stands alone")
        return self

    @model_validator(mode="after")
    def _losses_have_names_of_their_own(self) -> "Recipe":
        if self.training.alignment and "alignment" in self.tasks:
            raise ValueError("no task may be called 'alignment' while 'training.alignment' is "
                             "above 0: the losses would have one name")
        if self.model.imputation_learns and "imputation" in self.tasks:
            raise ValueError("no task may be called 'imputation' while 'model.missing' is "
                             f"'{self.model.missing}': the losses would have one name")
        return self

    @property
    def retrieval(self) -> str:
        """The name of the retrieval task."""
        return next(name for name, task in self.tasks.items() if task.head == "retrieval")

    @property
    def relevance(self) -> str | None:
        """The label that makes an event relevant; every event is, where there is none."""
        return self.relevant or self.tasks[self.retrieval].label

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that training and its early stopping read."""
        named = (*(task.label for task in self.tasks.values()), self.relevance)
        return tuple(dict.fromkeys(label for label in named if label))

    @property
    def judged(self) -> dict[str, Task]:
        """The tasks whose predictions are held against labels: all but retrieval."""
        return {name: task for name, task in self.tasks.items() if task.head != "retrieval"}
