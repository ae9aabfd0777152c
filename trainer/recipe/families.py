"""The recipe's `family`: what kind of model it is, and the options of those that are no network."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from trainer.recipe.strict import Strict

Family = Literal["network", "factorization", "similarity", "forest"]

# What a recipe may say of a family besides its own options: by default nothing of a network.
_HEADS = {"factorization": ("regression", "binary"), "similarity": ("retrieval",),
          "forest": ("regression", "binary")}
_READ = {"factorization": ("training",), "similarity": (), "forest": ()}


class FactorizationOptions(Strict):
    """Matrix factorization by gradient descent: `dim` is the number of factors."""

    dim: PositiveInt = 64


class SimilarityOptions(Strict):
    """Items as vectors that are computed, users as what they met.

    Attributes:
      vectors: What the items' vectors come from: their `content`, who met them
        (`collaborative`), or both (`union`).
      distance: How content is compared; `cosine` where `None`.
      factors: How the matrix of users and items is factorized: truncated `svd`, or `nmf`; `svd`
        where `None`.
      content_weight: Share of the content's score in a union's, 0.5 where `None`.
      dim: Width of each kind of vector.
    """

    vectors: Literal["content", "collaborative", "union"] = "union"
    distance: Literal["cosine", "euclidean"] | None = None
    factors: Literal["svd", "nmf"] | None = None
    content_weight: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    dim: PositiveInt = 64

    @model_validator(mode="after")
    def _options_have_a_reader(self) -> "SimilarityOptions":
        readers = {"distance": ("content", "union"), "factors": ("collaborative", "union"),
                   "content_weight": ("union",)}
        for name, kinds in readers.items():
            if getattr(self, name) is not None and self.vectors not in kinds:
                raise ValueError(f"'{name}' was given ({getattr(self, name)}), but only the "
                                 f"vectors {' and '.join(kinds)} read it; 'vectors' is "
                                 f"'{self.vectors}'")
        return self


class ForestOptions(Strict):
    """A random forest over the joined features of user and item.

    Attributes:
      trees: Trees of the forest.
      features: Features kept by the importance that a smaller forest gives them.
      min_leaf: Fewest rows in a leaf.
      max_rows: Training rows used at most, drawn with the run's seed.
    """

    trees: PositiveInt = 100
    features: PositiveInt = 200
    min_leaf: PositiveInt = 5
    max_rows: PositiveInt = 200_000


class FamilyOptions(Strict):
    """The families' own options; those of another family are errors.

    Attributes:
      factorization: Options of the family `factorization`.
      similarity: Options of the family `similarity`.
      forest: Options of the family `forest`.
    """

    factorization: FactorizationOptions | None = None
    similarity: SimilarityOptions | None = None
    forest: ForestOptions | None = None

    @model_validator(mode="after")
    def _options_are_of_the_family(self) -> Any:
        family: str = self.family  # type: ignore[attr-defined]
        for name in FamilyOptions.model_fields:
            if getattr(self, name) is not None and name != family:
                raise ValueError(f"'{name}' was given, but the family is '{family}'")
        if family == "network":
            return self
        for name in ("model", "training", "balancing"):
            default = type(self).model_fields[name].default
            if getattr(self, name) != default and name not in _READ[family]:
                raise ValueError(f"'{name}' was given, but a '{family}' has none of it; only the "
                                 f"family 'network' does. Take it away")
        for name, task in self.tasks.items():  # type: ignore[attr-defined]
            if task.head not in _HEADS[family]:
                raise ValueError(f"task '{name}' has the head '{task.head}', but a '{family}' "
                                 f"learns {' and '.join(_HEADS[family])} only")
        if family == "factorization" and len(self.tasks) != 1:  # type: ignore[attr-defined]
            raise ValueError("a 'factorization' learns exactly one task; its factors are those of "
                             "one matrix")
        return self

    @property
    def served(self) -> bool:
        """Whether the model is a SavedModel, which a server can load."""
        return self.family != "forest"  # type: ignore[attr-defined]
