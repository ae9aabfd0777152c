"""What a recipe may say of categorical columns."""

from typing import Annotated

from pydantic import Field

from trainer.modalities.options import ModalityOptions
from trainer.options import Count


class CategoricalOptions(ModalityOptions):
    """Categorical columns, embedded by value.

    Attributes:
      vocabulary: Values known of a column, the most frequent ones.
    """

    prepared = ("vocabulary",)

    vocabulary: Annotated[Count, Field(le=10_000_000)] = 10_000
