"""The families that are fitted epoch by epoch, each with the recipe that says what it reads."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas import FeatureSpec, InputError
from trainer.behaviour.options import DEFAULT, Behaviour, PastPart
from trainer.options import OneOf, Tuned, Way, Width
from trainer.recipe.network import (
    Fitting,
    Fixed,
    GradNorm,
    ModelOptions,
    PcGrad,
    Predictors,
    Privacy,
    Rankers,
    Training,
)
from trainer.recipe.recipe import Modalities, Recipe
from trainer.recipe.tune import Tune, check_ranges
from trainer.tasks import TaskKind


class FittedRecipe(Recipe):
    """Base of the families that are fitted epoch by epoch, so that a search can tune them.

    Attributes:
      training: How the model is fitted.
      tune: What `tessera tune` varies; a run does not read it.
    """

    training: Fitting = Fitting()
    tune: Tune | None = None

    @property
    def weighs_first_fit(self) -> bool:
        """Whether something in closed form is weighed against the network of the first fit."""
        return False

    @property
    def private(self) -> Privacy | None:
        """How a fit is differentially private, if it is."""
        return None

    @property
    def loss_balance(self) -> Way:
        """How the tasks' losses become one."""
        return Fixed()

    @property
    def loss_weights(self) -> dict[str, float]:
        """The weight of each task's loss, from which a balancing starts that learns its own."""
        given = self.loss_balance.options.get("weights", {})
        return {name: given.get(name, 1.0) for name in self.tasks}

    @property
    def starts_warm(self) -> bool:
        """Whether training begins with the weights of an earlier model."""
        return self.training.warm_start

    @property
    def keeps_first_fit(self) -> bool:
        """Whether the network of the first fit is needed after it."""
        return self.weighs_first_fit or self.starts_warm

    @model_validator(mode="after")
    def _ranges_make_recipes(self) -> Self:
        if self.tune is not None:
            check_ranges(self.tune, self)
        return self


def ranges_of(recipe: Recipe) -> Tune:
    """Returns what a search varies of a recipe.

    Raises:
      InputError: Nothing: the recipe has no ranges, or its family is computed at once.
    """
    if not isinstance(recipe, FittedRecipe):
        raise InputError("nothing-to-tune", f"A recipe of the family {recipe.family!r} is computed "
                         "at once: only what is fitted epoch by epoch can be tuned.")
    if recipe.tune is None:
        raise InputError("no-ranges", "The recipe declares no ranges to search. Give it a section "
                         "'tune', as in 'tune: {ranges: {model.dim: {choices: [32, 64]}}}'; "
                         "docs/recipes.md has more.")
    return recipe.tune


class NetworkRecipe(FittedRecipe):
    """A network of towers, fusion, sharing and heads.

    Attributes:
      behaviour: What is read of the past.
      model: The shape of the network.
      balancing: How the tasks' losses become one: by `fixed` weights; by learned `uncertainty`
        (Kendall 2018); so that all tasks learn at one pace (`gradnorm`, Chen 2018); or without the
        parts of the gradients that conflict (`pcgrad`, Yu 2020). The last two make a backward pass
        for each task.
      rankers: Rankers in closed form whose scores are added to the network's own, with weights
        fitted on validation; needs a retrieval task.
      predictors: Predictors in closed form that are stacked, on validation, with the heads that
        predict a value of an event: `biases` of users and items, and what explains the rest.
    """

    learns_of_users: ClassVar[bool] = True

    family: Literal["network"] = "network"
    rankers: Rankers = {}
    predictors: Predictors = {}
    behaviour: Behaviour = Field(default=DEFAULT, validate_default=True)
    model: ModelOptions = ModelOptions()
    balancing: Tuned[Annotated[Way, OneOf(Fixed, "uncertainty", GradNorm, PcGrad)]] = Field(
        default="fixed", validate_default=True)
    training: Training = Training()

    @classmethod
    def learns(cls, kind: TaskKind) -> bool:
        """See `Recipe`; a network learns whatever has a loss."""
        return True

    def tree_without(self, modality: str) -> dict[str, Any]:
        """See `Recipe`; the parts of the past that read the modality go with it."""
        tree = super().tree_without(modality)
        for name, part in self.behaviour.items():
            if part.of_modality == modality:
                del tree["behaviour"][name]
        return tree

    def tree_with(self, tasks: Sequence[str]) -> dict[str, Any]:
        """See `Recipe`; `rankers` go with the retrieval, weights of losses with their tasks."""
        tree = super().tree_with(tasks)
        if self.retrieval not in tasks:
            tree.pop("rankers", None)
        if given := self.balancing.options.get("weights"):
            tree["balancing"] = {self.balancing.name: {
                "weights": {name: given[name] for name in given if name in tasks}}}
        return tree

    @property
    def past_parts(self) -> Mapping[str, PastPart]:
        """See `Recipe`."""
        return self.behaviour

    def past_columns(self, spec: FeatureSpec) -> list[str]:
        """Returns the columns of a row that towers of the past read."""
        return [column for part in self.behaviour.values()
                for column in part.columns(spec, self.past)]

    @property
    def reads_blocks(self) -> bool:
        """Whether rankers and predictors read contents as Transform describes them."""
        return self.weighs_first_fit

    @property
    def weighs_first_fit(self) -> bool:
        """Whether something in closed form is weighed against the network of the first fit."""
        return bool(self.rankers or self.predictors)

    @property
    def private(self) -> Privacy | None:
        """How a fit is differentially private, if it is."""
        return self.training.privacy

    @property
    def reconstruction(self) -> float:
        """Weight of the loss of what towers of the past fail to reconstruct; 0 without one."""
        return sum(part.reconstruction for part in self.behaviour.values())

    @property
    def loss_balance(self) -> Way:
        """How the tasks' losses become one."""
        return self.balancing

    @model_validator(mode="after")
    def _weights_are_of_tasks(self) -> Self:
        given = self.balancing.options.get("weights", {})
        if others := [name for name in given if name not in self.tasks]:
            raise ValueError(f"'balancing.{self.balancing.name}.weights' has "
                             f"{', '.join(map(repr, others))}, but the tasks are: "
                             f"{', '.join(self.tasks)}")
        return self

    @model_validator(mode="after")
    def _past_has_losses(self) -> Self:
        clicks = [name for name, task in self.tasks.items() if task.kind.against_unseen]
        if clicks and self.reads_item_reviews:
            raise ValueError(
                f"'behaviour.reviews.of' has 'items', and the task '{clicks[0]}' has the head "
                f"'{self.tasks[clicks[0]].head.name}': an event's item would show its reviews as "
                "of then, the unseen items those of later, and the difference would reveal "
                "which is which. Take one of them out")
        return self

    @model_validator(mode="after")
    def _rankers_join_a_retrieval(self) -> Self:
        if self.rankers and self.retrieval is None:
            raise ValueError(f"'rankers' has {list(self.rankers)}, but there is no task with the "
                             "head 'retrieval' whose score they could join: add one, or take "
                             "'rankers' out")
        return self

    @model_validator(mode="after")
    def _private_fits_read_one_user_at_a_time(self) -> Self:
        if self.private is None:
            return self
        reading = {
            f"the head 'retrieval' of '{self.retrieval}', whose loss compares users with one "
            "another": self.retrieval,
            "'rankers'": self.rankers, "'predictors'": self.predictors,
            "'items' of 'behaviour.reviews.of'": self.reads_item_reviews,
            f"'balancing: {self.balancing.name}'": not isinstance(self.balancing, Fixed),
            "'training.warm_start'": self.training.warm_start}
        if readers := [what for what, there in reading.items() if there]:
            raise ValueError("'training.privacy' bounds what one user's events change, and these "
                             f"read events without bound: {', '.join(readers)}. Take them out; "
                             "rank by the head of a label, as in 'rank_by: like'")
        if self.training.batch_size is not None:
            raise ValueError(f"'training.batch_size' is {self.training.batch_size}, but beside "
                             "'training.privacy' a step has the events of users, each with the "
                             "'chance' of that section: take the key out")
        if self.training.precision not in ("auto", "float32"):
            raise ValueError(f"'training.precision' is '{self.training.precision}', but "
                             "'training.privacy' computes in float32: take the key out")
        return self

    @model_validator(mode="after")
    def _more_than_ids(self) -> Self:
        content = bool(self.modalities) or self.reads_item_reviews
        if self.training.alignment and not content:
            raise ValueError("'training.alignment' is above 0, but items have nothing beside their "
                             "ids to align: name modalities")
        if not self.modalities and not self.behaviour and (
                self.model.modality_dropout or self.model.missing != "token"):
            raise ValueError("'model.modality_dropout' or 'model.missing' was given, but there is "
                             "nothing beside the ids: name modalities, or parts of 'behaviour'")
        return self

    @model_validator(mode="after")
    def _batch_has_the_negatives(self) -> Self:
        for task in self.tasks.values():
            task.kind.check_batch(self.training.batch_size)
        return self


class FactorizationRecipe(FittedRecipe):
    """Matrix factorization by gradient descent; it reads ids alone and learns one task.

    Attributes:
      dim: The number of factors.
    """

    family: Literal["factorization"]
    modalities: Modalities = {}
    dim: Tuned[Width] = 64

    @classmethod
    def learns(cls, kind: TaskKind) -> bool:
        """See `Recipe`; a matrix has one value in each place."""
        return kind.stacks

    @model_validator(mode="after")
    def _is_one_matrix(self) -> Self:
        if self.modalities:
            raise ValueError(f"'modalities' is {list(self.modalities)}, but a 'factorization' "
                             "reads ids alone: take the key out")
        if len(self.tasks) != 1:
            raise ValueError("a 'factorization' learns exactly one task; its factors are those of "
                             "one matrix")
        return self
