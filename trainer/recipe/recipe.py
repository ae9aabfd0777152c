"""What every recipe says, whatever the family of its model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from schemas import ENTITIES, Feature, FeatureSpec, InputError
from trainer.behaviour.options import PastPart, past_of
from trainer.behaviour.past import Past
from trainer.modalities import MODALITIES
from trainer.modalities.options import Encoder, ModalityOptions
from trainer.options import SomeOf, Strict
from trainer.parts.part import ITEMS, USERS
from trainer.recipe.task import Task, check_names
from trainer.tasks import TASK_KINDS, TaskKind

ALL = "all"


def _modalities() -> dict[str, type[ModalityOptions]]:
    return {**{name: one.options for name, one in MODALITIES.items()}, ALL: ModalityOptions}


Modalities = Annotated[
    dict[str, ModalityOptions], SomeOf(_modalities), Field(validate_default=True)]


class Recipe(Strict):
    """A model and how to train it, without a word about any dataset.

    Attributes:
      description: One line for `tessera recipes`.
      family: What kind of model it is.
      modalities: The modalities that are read, of users and of items, each with its options; `all`
        is every other one that a dataset has, by its defaults.
      tasks: What is learned, by name.
      relevant: The label, 0 or 1, that makes an event relevant in the ranking evaluation and in
        early stopping; that of the task that ranks if none is given; a `regression` needs one.
      rank_by: The task by whose score items are ranked, in `recommend`, in early stopping and in
        the ranking evaluation; the one with the head `retrieval` if none is given.
      served: Whether the family gives a model that a server loads.
      has_towers: Whether towers read the features, so that a gradient reaches them.
      learns_of_users: Whether a task may be an attribute of the users.
    """

    served: ClassVar[bool] = True
    has_towers: ClassVar[bool] = True
    learns_of_users: ClassVar[bool] = False

    description: str
    family: str
    modalities: Modalities = {ALL: ModalityOptions()}
    tasks: dict[str, Task]
    relevant: str | None = None
    rank_by: str | None = None

    @classmethod
    def learns(cls, kind: TaskKind) -> bool:
        """Returns whether the family learns tasks of a kind."""
        raise NotImplementedError

    @field_validator("tasks")
    @classmethod
    def _names_are_free(cls, tasks: dict[str, Task]) -> dict[str, Task]:
        check_names(tasks)
        return tasks

    @model_validator(mode="after")
    def _ranks(self) -> Self:
        if sum(task.kind.retrieves for task in self.tasks.values()) > 1:
            raise ValueError("at most one task may have the head 'retrieval'")
        able = self.scored
        scoring = ", ".join(f"'{name}'" for name in able) or "none of these tasks"
        if self.rank_by is None and self.retrieval is None:
            raise ValueError("no task has the head 'retrieval', so 'rank_by' must name the task "
                             f"by whose score items are ranked: {scoring}")
        if self.rank_by is not None and self.rank_by not in able:
            ranking = ", ".join(name for name, kind in TASK_KINDS.items() if kind.ranks)
            raise ValueError(f"'rank_by' is '{self.rank_by}', but only a task with the head "
                             f"{ranking} ranks: {scoring}")
        if self.relevant is None and not self.tasks[self.ranking].kind.zero_one:
            raise ValueError(f"items are ranked by '{self.ranking}', a number, which does not say "
                             "what is worth recommending: give 'relevant', a label that is 0 or 1")
        return self

    @model_validator(mode="after")
    def _family_learns_the_tasks(self) -> Self:
        for name, task in self.tasks.items():
            if not self.learns(task.kind):
                able = " and ".join(n for n, kind in TASK_KINDS.items() if self.learns(kind))
                raise ValueError(f"task '{name}' has the head '{task.head.name}', but the family "
                                 f"'{self.family}' learns {able} only")
        return self

    def located(self, folder: Path) -> Self:
        """Returns the same with absolute paths of encoders, relative ones starting at a folder."""
        if not self.encoders:
            return self
        moved = {name: options.model_copy(update={"encoder": options.encoded_by.located(folder)})
                 if options.encoded_by else options for name, options in self.modalities.items()}
        return self.model_copy(update={"modalities": moved})

    def tree(self) -> dict[str, Any]:
        """Returns the recipe as its file has it, without `tune`."""
        return self.model_dump(mode="json", exclude={"tune"}, exclude_unset=True)

    def tree_without(self, modality: str) -> dict[str, Any]:
        """Returns the recipe's tree without a modality that it names, and what reads it."""
        tree = self.tree()
        del tree["modalities"][modality]
        return tree

    def tree_with(self, tasks: Sequence[str]) -> dict[str, Any]:
        """Returns the recipe's tree with some of its tasks alone; what is relevant stays."""
        tree = self.tree()
        tree["tasks"] = {name: tree["tasks"][name] for name in tasks}
        if self.relevance:
            tree["relevant"] = self.relevance
        if self.ranking not in tasks:
            tree["rank_by"] = next((name for name in self.scored if name in tasks), None)
        return tree

    @property
    def encoders(self) -> dict[str, Encoder]:
        """The pretrained networks by modality."""
        return {name: options.encoded_by for name, options in self.modalities.items()
                if options.encoded_by}

    @property
    def starts_warm(self) -> bool:
        """Whether training begins with the weights of an earlier model."""
        return False

    @property
    def past_parts(self) -> Mapping[str, PastPart]:
        """The parts of the past that are read, by name."""
        return {}

    @property
    def past(self) -> Past:
        """What Transform and requests derive of the past."""
        return past_of(self.past_parts)

    @property
    def reads_history(self) -> bool:
        """Whether the user's past is read."""
        return USERS in self._past_of_sides

    @property
    def reads_item_reviews(self) -> bool:
        """Whether the texts of earlier events about an item are read."""
        return ITEMS in self._past_of_sides

    @property
    def _past_of_sides(self) -> set[str]:
        return {side for name, part in self.past_parts.items() for side in part.names(name)}

    @property
    def needs_features_of(self) -> tuple[str, ...]:
        """The tables of which one must have features, `users` or `items`; none is needed if empty.
        """
        return ()

    @property
    def reads_blocks(self) -> bool:
        """Whether contents are read as Transform describes them, beside what towers read."""
        return False

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
        """The tasks whose predictions are held against labels, or against unseen items."""
        return {name: task for name, task in self.tasks.items() if not task.kind.retrieves
                and (task.targets or task.kind.against_unseen)}


AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


@dataclass(frozen=True)
class BoundRecipe(Generic[AnyRecipe]):
    """What is run: a recipe without `all`, and the dataset that it reads.

    Attributes:
      recipe: The recipe; each of its modalities is named.
      spec: The dataset's spec, which has a column of each.
    """

    recipe: AnyRecipe
    spec: FeatureSpec

    def inputs(self, side: str) -> tuple[Feature, ...]:
        """Returns the features of `users` or `items` that the recipe reads."""
        return self.spec.inputs(side, self.recipe.modalities, self.recipe.labels)


def bind(recipe: Recipe, spec: FeatureSpec, name: str = "") -> BoundRecipe:
    """Returns the recipe with the modalities that it reads of a dataset by name.

    Args:
      recipe: A recipe, whose `modalities` may have `all`.
      spec: The dataset's spec.
      name: What messages call the recipe.

    Raises:
      InputError: The recipe names a modality which neither users nor items have.
    """
    known = known_modalities(spec)
    lacking = [m for m in recipe.modalities if m not in (*known, ALL)]
    if lacking:
        raise InputError(
            "modality-lacking",
            f"Recipe {name!r}, key 'modalities': given {', '.join(map(repr, lacking))}, but "
            f"neither the users nor the items of dataset {spec.name!r} have a column of it; they "
            f"have: {', '.join(known) or 'none'}. Tag one in the schema, take the word out of the "
            f"recipe, or say 'modalities: {ALL}' for whatever a dataset has.")
    if ALL not in recipe.modalities:
        return BoundRecipe(recipe, spec)
    named = {m: recipe.modalities.get(m) or MODALITIES[m].options() for m in known}
    return BoundRecipe(recipe.model_copy(update={"modalities": named}), spec)


def known_modalities(spec: FeatureSpec) -> tuple[str, ...]:
    """Returns the modalities that users or items have, in the order of their registry."""
    return tuple(m for m in MODALITIES
                 if any(spec.inputs(side, (m,)) for side in ENTITIES))
