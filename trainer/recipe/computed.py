"""The families whose models are computed at once, each with the recipe that says what it reads."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from trainer.options import Count, Number, OneOf, Way, Width
from trainer.parts.part import ITEMS, USERS
from trainer.recipe.network import Predictors, Rankers
from trainer.recipe.recipe import Recipe
from trainer.recipe.task import Task
from trainer.tasks import TaskKind


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

    @classmethod
    def learns(cls, kind: TaskKind) -> bool:
        """See `Recipe`; a similarity is a score, and no value."""
        return kind.retrieves

    @property
    def needs_features_of(self) -> tuple[str, ...]:
        """See `Recipe`."""
        return (ITEMS,) if self.reads_content else ()

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

    @classmethod
    def learns(cls, kind: TaskKind) -> bool:
        """See `Recipe`; rankers score, predictors give values."""
        return kind.retrieves or kind.stacks

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
    has_towers: ClassVar[bool] = False

    family: Literal["forest"]
    trees: Annotated[Count, Field(le=10_000)] = 100
    features: Count = 200
    min_leaf: Count = 5
    max_rows: Count = 200_000

    @classmethod
    def learns(cls, kind: TaskKind) -> bool:
        """See `Recipe`."""
        return kind.stacks

    @property
    def needs_features_of(self) -> tuple[str, ...]:
        """See `Recipe`; a forest reads nothing else."""
        return USERS, ITEMS
