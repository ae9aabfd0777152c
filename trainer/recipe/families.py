"""The recipe's `family`: what kind of model it is, and the options of those that are no network."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainer.recipe.strict import Count, Number, Strict, Width

Family = Literal["network", "factorization", "similarity", "forest"]
FITTED = ("network", "factorization")  # epoch by epoch

# What the families that are no network read of `model`, `training` and `balancing`.
READ = {"factorization": ("training",), "similarity": (), "forest": ()}


class FactorizationOptions(Strict):
    """Matrix factorization by gradient descent: `dim` is the number of factors."""

    dim: Width = 64


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
    content_weight: Annotated[Number, Field(gt=0.0, lt=1.0)] | None = None
    dim: Width = 64

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

    trees: Annotated[Count, Field(le=10_000)] = 100
    features: Count = 200
    min_leaf: Count = 5
    max_rows: Count = 200_000


class FamilyOptions(Strict):
    """The families' own options.

    Attributes:
      factorization: Options of the family `factorization`.
      similarity: Options of the family `similarity`.
      forest: Options of the family `forest`.
    """

    factorization: FactorizationOptions | None = None
    similarity: SimilarityOptions | None = None
    forest: ForestOptions | None = None
