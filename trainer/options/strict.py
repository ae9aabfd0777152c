"""The base of a recipe's parts, and the types that several of them use."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# True is no number and '64' is none; an integer may stand for a number, not the other way round.
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
Count = Annotated[Whole, Field(gt=0, lt=2**31)]
# Of a vector: beyond it lie only mistakes, and a model that no memory holds.
Width = Annotated[Whole, Field(gt=0, le=4096)]
Positive = Annotated[Number, Field(gt=0.0)]
Weight = Annotated[Number, Field(ge=0.0)]
Share = Annotated[Number, Field(ge=0.0, lt=1.0)]
Strength = Annotated[Number, Field(ge=0.0, le=1.0)]


class Strict(BaseModel):
    """Unknown keys are errors, numbers are finite, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
