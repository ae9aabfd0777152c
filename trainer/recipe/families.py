"""The families of models, each with the recipe that says what it reads and nothing else."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas import InputError
from trainer.behaviour.past import Past
from trainer.options import Count, Number, OneOf, Way, Width
from trainer.recipe.behaviour import (
    DEFAULT,
    Behaviour,
    History,
    ItemReviews,
    Series,
    Vae,
    check_reviews,
    past_of,
)
from trainer.recipe.network import Fitting, ModelOptions, Predictors, Privacy, Rankers, Training
from trainer.recipe.recipe import Modalities, Recipe
from trainer.recipe.task import Task
from trainer.recipe.tune import Tune, check_ranges


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
      balancing: How the tasks' losses become one: by the weights of the recipe; by learned
        `uncertainty` (Kendall 2018); so that all tasks learn at one pace (`gradnorm`, Chen 2018,
        from the recipe's weights on); or without the parts of the gradients that conflict
        (`pcgrad`, Yu 2020). The last two make a backward pass for each task.
      rankers: Rankers in closed form whose scores are added to the network's own, with weights
        fitted on validation; needs a retrieval task.
      predictors: Predictors in closed form that are stacked, on validation, with the heads that
        predict a value of an event: `biases` of users and items, and what explains the rest.
    """

    family: Literal["network"] = "network"
    rankers: Rankers = {}
    predictors: Predictors = {}
    behaviour: Behaviour = Field(default=DEFAULT, validate_default=True)
    model: ModelOptions = ModelOptions()
    balancing: Literal["fixed", "uncertainty", "gradnorm", "pcgrad"] = "fixed"
    training: Training = Training()

    @property
    def past(self) -> Past:
        """What Transform and requests derive of the past."""
        return past_of(self.behaviour)

    @property
    def reads_blocks(self) -> bool:
        """Whether rankers read contents as Transform describes them."""
        return bool(self.rankers)

    @property
    def weighs_first_fit(self) -> bool:
        """Whether something in closed form is weighed against the network of the first fit."""
        return bool(self.rankers or self.predictors)

    @property
    def private(self) -> Privacy | None:
        """How a fit is differentially private, if it is."""
        return self.training.privacy

    @property
    def history_tower(self) -> str | None:
        """What reads the user's earlier events, if anything does."""
        return next((part.tower.name for part in self.behaviour.values()
                     if isinstance(part, History)), None)

    @property
    def autoencoder(self) -> Vae | None:
        """The variational autoencoder, whose loss the network adds, if there is one."""
        return next((part.tower for part in self.behaviour.values()
                     if isinstance(part, Series) and isinstance(part.tower, Vae)), None)

    @property
    def balanced(self) -> str:
        """How the tasks' losses become one."""
        return self.balancing

    @property
    def reads_history(self) -> bool:
        """Whether the user's past is read."""
        return any(not isinstance(part, ItemReviews) for part in self.behaviour.values())

    @property
    def reads_item_reviews(self) -> bool:
        """Whether the texts of earlier events about an item are read."""
        return any(isinstance(part, ItemReviews) for part in self.behaviour.values())

    @model_validator(mode="after")
    def _past_has_losses(self) -> Self:
        check_reviews(self.behaviour)
        clicks = [name for name, task in self.tasks.items() if task.kind.against_unseen]
        if clicks and self.reads_item_reviews:
            raise ValueError(
                f"'behaviour' has 'item_reviews', and the task '{clicks[0]}' has the head "
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
            "'behaviour.item_reviews'": self.reads_item_reviews,
            f"'balancing: {self.balancing}'": self.balancing != "fixed",
            "'training.warm_start'": self.training.warm_start}
        if readers := [what for what, there in reading.items() if there]:
            raise ValueError("'training.privacy' bounds what one user's events change, and these "
                             f"read events without bound: {', '.join(readers)}. Take them out; "
                             "rank by the head of a label, as in 'rank_by: like'")
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
        rows, hard = self.training.batch_size, self.searched.hard_negatives
        if rows is not None and hard is not None and hard >= rows:
            raise ValueError(f"'hard_negatives' is {hard}, but a batch of {rows} rows has "
                             f"{rows - 1} negatives for each")
        return self


class FactorizationRecipe(FittedRecipe):
    """Matrix factorization by gradient descent; it reads ids alone and learns one task.

    Attributes:
      dim: The number of factors.
    """

    family: Literal["factorization"]
    modalities: Modalities = {}
    dim: Width = 64

    @model_validator(mode="after")
    def _is_one_matrix(self) -> Self:
        if self.modalities:
            raise ValueError(f"'modalities' is {list(self.modalities)}, but a 'factorization' "
                             "reads ids alone: take the key out")
        if len(self.tasks) != 1:
            raise ValueError("a 'factorization' learns exactly one task; its factors are those of "
                             "one matrix")
        return self


class _Computed(Recipe):
    """Base of the families that read contents as Transform makes them."""

    @field_validator("modalities")
    @classmethod
    def _nothing_of_networks(cls, modalities: dict) -> dict:
        for name, options in modalities.items():
            for option in options.of_network():
                raise ValueError(f"{name}.{option} was given, but only a network reads it: take it "
                                 "out, or take the family 'network'")
        return modalities

    @field_validator("tasks")
    @classmethod
    def _heads_have_no_options(cls, tasks: dict[str, Task]) -> dict[str, Task]:
        for name, task in tasks.items():
            given, plain = task.head, task.kind.way()
            if given.options != plain.options:
                raise ValueError(f"{name}.head has options, but only a network reads them: write "
                                 f"'head: {task.head.name}'")
        return tasks


Distance = Literal["cosine", "euclidean"]
Factors = Literal["svd", "nmf"]


class ContentVectors(Way):
    """Items are their content.

    Attributes:
      distance: How contents are compared.
    """

    name = "content"

    distance: Distance = "cosine"


class CollaborativeVectors(Way):
    """Items are who met them.

    Attributes:
      factors: How the matrix of users and items is factorized: truncated `svd`, or `nmf`.
    """

    name = "collaborative"

    factors: Factors = "svd"


class UnionVectors(Way):
    """Both, side by side.

    Attributes:
      distance: How contents are compared.
      factors: How the matrix of users and items is factorized.
      content_weight: Share of the content's score.
    """

    name = "union"

    distance: Distance = "cosine"
    factors: Factors = "svd"
    content_weight: Annotated[Number, Field(gt=0.0, lt=1.0)] = 0.5


class SimilarityRecipe(_Computed):
    """Items as vectors that are computed, users as what they met.

    Attributes:
      vectors: What the items' vectors come from.
      dim: Width of each kind of vector.
    """

    has_towers: ClassVar[bool] = False

    family: Literal["similarity"]
    vectors: Annotated[Way, OneOf(ContentVectors, CollaborativeVectors, UnionVectors)] = Field(
        default="union", validate_default=True)
    dim: Width = 64

    @property
    def reads_content(self) -> bool:
        """Whether items are compared by their content."""
        return not isinstance(self.vectors, CollaborativeVectors)

    @property
    def reads_events(self) -> bool:
        """Whether items are compared by who met them."""
        return not isinstance(self.vectors, ContentVectors)

    @property
    def content_weight(self) -> float:
        """Share of the content in the score."""
        if isinstance(self.vectors, UnionVectors):
            return self.vectors.content_weight
        return float(self.reads_content)

    @property
    def nonnegative(self) -> bool:
        """Whether the matrix of users and items is factorized without negative numbers."""
        return self.vectors.options.get("factors") == "nmf"

    @property
    def euclidean(self) -> bool:
        """Whether contents are compared by their Euclidean distance."""
        return self.vectors.options.get("distance") == "euclidean"

    @model_validator(mode="after")
    def _collaborative_reads_ids(self) -> Self:
        if self.modalities and not self.reads_content:
            raise ValueError(f"'modalities' is {list(self.modalities)}, but 'collaborative' "
                             "vectors are of ids alone: say 'modalities: []'")
        return self


class RankersRecipe(_Computed):
    """Closed forms and nothing else; several are weighed on validation.

    Attributes:
      rankers: The rankers, of which the retrieval task is made.
      predictors: The predictors, of which the tasks of values are made.
    """

    has_towers: ClassVar[bool] = False

    family: Literal["rankers"]
    rankers: Annotated[Rankers, Field(min_length=1)]
    predictors: Predictors = {}

    @property
    def reads_blocks(self) -> bool:
        """Whether rankers read contents as Transform describes them."""
        return True

    @model_validator(mode="after")
    def _tasks_are_in_closed_form(self) -> Self:
        if self.retrieval is None:
            raise ValueError(f"'rankers' has {list(self.rankers)}, but there is no task with the "
                             "head 'retrieval' for them: add one")
        others = [name for name in self.tasks if name != self.retrieval]
        if others and not self.predictors:
            raise ValueError(f"there is nothing that could predict {', '.join(others)}: name "
                             "'predictors', as in 'predictors: [biases]'")
        if self.predictors and not others:
            raise ValueError(f"'predictors' has {list(self.predictors)}, but there is no task of "
                             "a value for them: add one, or take 'predictors' out")
        return self


class ForestRecipe(_Computed):
    """A random forest over the joined features of user and item; no server can load it.

    Attributes:
      trees: Trees of the forest.
      features: Features kept by the importance that a smaller forest gives them.
      min_leaf: Fewest rows in a leaf.
      max_rows: Training rows used at most, drawn with the run's seed.
    """

    served: ClassVar[bool] = False

    family: Literal["forest"]
    trees: Annotated[Count, Field(le=10_000)] = 100
    features: Count = 200
    min_leaf: Count = 5
    max_rows: Count = 200_000
