"""What a recipe may say: the validated tree behind each YAML file of `pipeline/recipes`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ValidationInfo, field_validator, model_validator

from trainer.preprocessing.past import Past
from trainer.recipe.behaviour import check_losses, past_of
from trainer.recipe.encoders import Encoders
from trainer.recipe.families import READ, Family, FamilyOptions
from trainer.recipe.names import check_names
from trainer.recipe.network import ModelOptions
from trainer.recipe.preprocessing import Preprocessing
from trainer.recipe.readers import check_readers
from trainer.recipe.task import Task
from trainer.recipe.text import require_readers
from trainer.recipe.training import Training
from trainer.recipe.tune import Tune, check_ranges
from trainer.tasks import TASK_KINDS

Modality = Literal["categorical", "numeric", "text", "image", "audio", "video"]
ALL: Literal["all"] = "all"
Modalities = Annotated[
    tuple[Literal[Modality, "all"], ...],
    BeforeValidator(lambda given: (ALL,) if given == ALL else given),
]


class Recipe(FamilyOptions):
    """A model and how to train it, without a word about any dataset.

    Attributes:
      description: One line for `tessera recipes`.
      family: What kind of model it is.
      modalities: Modalities that the towers read, of users and of items; `all` for those that a
        dataset has.
      relevant: The label that makes an event relevant in the ranking evaluation; that of the
        task that ranks, where there is none.
      rank_by: The task by whose score items are ranked; the one with the head `retrieval`, where
        there is none.
      encoders: Pretrained networks, by modality.
      tasks: What is learned, by name.
      tune: What `tessera tune` varies; training does not read it.
    """

    description: str
    family: Family = "network"
    modalities: Modalities = (ALL,)
    relevant: str | None = None
    rank_by: str | None = None
    preprocessing: Preprocessing = Preprocessing()
    encoders: Encoders = Encoders()
    model: ModelOptions = ModelOptions()
    tasks: dict[str, Task]
    balancing: Literal["fixed", "uncertainty", "gradnorm", "pcgrad"] = "fixed"
    training: Training = Training()
    tune: Tune | None = None

    @field_validator("tasks")
    @classmethod
    def _names_are_free(cls, tasks: dict[str, Task]) -> dict[str, Task]:
        check_names(tasks)
        return tasks

    @field_validator("tune")
    @classmethod
    def _ranges_make_recipes(cls, tune: Tune | None, others: ValidationInfo) -> Tune | None:
        told_elsewhere = set(cls.model_fields) - {"tune"} - set(others.data)
        if tune is not None and not told_elsewhere:
            check_ranges(tune, cls(**others.data))
        return tune

    @model_validator(mode="after")
    def _ranks(self) -> "Recipe":
        if sum(task.kind.retrieves for task in self.tasks.values()) > 1:
            raise ValueError("at most one task may have the head 'retrieval'")
        able = self.scored
        told = ", ".join(f"'{name}'" for name in able) or "none of these tasks"
        if self.rank_by is None and self.retrieval is None:
            raise ValueError("no task has the head 'retrieval', so 'rank_by' must name the task "
                             f"by whose score items are ranked: {told}")
        if self.rank_by is not None and self.rank_by not in able:
            ranking = ", ".join(name for name, kind in TASK_KINDS.items() if kind.ranks)
            raise ValueError(f"'rank_by' is '{self.rank_by}', but only a task with the head "
                             f"{ranking} ranks: {told}")
        if self.retrieval is None and self.training.softmax == "catalogue":
            raise ValueError("'training.softmax' is 'catalogue', but no task has the head "
                             "'retrieval', whose softmax it is")
        if self.relevant is None and not self.tasks[self.ranking].kind.zero_one:
            raise ValueError(f"items are ranked by '{self.ranking}', a number, which does not say "
                             "what is worth recommending: give 'relevant', a label that is 0 or 1")
        return self

    @model_validator(mode="after")
    def _options_are_of_the_family(self) -> "Recipe":
        family = self.family
        for name in FamilyOptions.model_fields:
            if getattr(self, name) is not None and name != family:
                raise ValueError(f"'{name}' was given, but the family is '{family}'")
        if family == "network":
            return self
        for name in ("model", "training", "balancing"):
            default = type(self).model_fields[name].default
            if getattr(self, name) != default and name not in READ[family]:
                raise ValueError(f"'{name}' was given, but a '{family}' has none of it: take it "
                                 "away, or take the family 'network'")
        for name, task in self.tasks.items():
            if family not in task.kind.families:
                able = " and ".join(n for n, kind in TASK_KINDS.items() if family in kind.families)
                raise ValueError(f"task '{name}' has the head '{task.head}', but a '{family}' "
                                 f"learns {able} only")
        if family == "factorization" and len(self.tasks) != 1:
            raise ValueError("a 'factorization' learns exactly one task; its factors are those of "
                             "one matrix")
        return self

    @model_validator(mode="after")
    def _alignment_has_modalities(self) -> "Recipe":
        if self.training.alignment and self.family != "network":
            raise ValueError(f"'training.alignment' is above 0, but a '{self.family}' has no "
                             "modalities to align")
        return self

    @model_validator(mode="after")
    def _modalities_are_different(self) -> "Recipe":
        if ALL in self.modalities and set(self.modalities) != {ALL}:
            raise ValueError(f"'modalities' is {list(self.modalities)}: 'all' stands alone")
        if len(set(self.modalities)) < len(self.modalities):
            raise ValueError(f"'modalities' names one twice: {list(self.modalities)}")
        return self

    @model_validator(mode="after")
    def _options_have_a_reader(self) -> "Recipe":
        require_readers(self)
        check_readers(self)
        return self

    @model_validator(mode="after")
    def _past_has_losses(self) -> "Recipe":
        check_losses(self)
        return self

    @property
    def past(self) -> Past:
        """What Transform and requests derive of the past."""
        return past_of(self)

    @property
    def served(self) -> bool:
        """Whether the model is a SavedModel, which a server can load."""
        return self.family != "forest"

    @property
    def retrieval(self) -> str | None:
        """The name of the retrieval task, where there is one."""
        return next((name for name, task in self.tasks.items() if task.kind.retrieves), None)

    @property
    def ranking(self) -> str:
        """The name of the task by whose score items are ranked."""
        return self.rank_by or str(self.retrieval)

    @property
    def scored(self) -> list[str]:
        """The tasks that predict one number, each of which could rank."""
        return [name for name, task in self.tasks.items() if task.kind.ranks]

    @property
    def relevance(self) -> str | None:
        """The label that makes an event relevant; every event is, where there is none."""
        return self.relevant or self.tasks[self.ranking].label

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that training and its early stopping read."""
        named = [label for task in self.tasks.values() for label in task.targets]
        return tuple(dict.fromkeys([*named, *([self.relevance] if self.relevance else [])]))

    @property
    def judged(self) -> dict[str, Task]:
        """The tasks whose predictions are held against labels: all but retrieval."""
        return {name: task for name, task in self.tasks.items() if not task.kind.retrieves}
