"""The base of a recipe's parts, and the types that several of them use."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class Strict(BaseModel):
    """Unknown keys are errors, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True)
