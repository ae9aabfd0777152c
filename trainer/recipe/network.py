"""The recipe's `model`: the shape of the network."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainer.recipe.behaviour import DEFAULT, SERIES_DAYS, Parts, check_parts
from trainer.recipe.strict import Count, Share, Strict, Whole, Width
from trainer.recipe.towers import Towers


class ModelOptions(Strict):
    """Shape of the network.

    Attributes:
      dim: Width of all vectors.
      dropout: Share of a layer's outputs that training drops.
      id_dropout: Share of ids that training hides, so that content alone learns to serve.
      stranger_dropout: Share of rows whose user training makes unknown in every respect.
      towers: Which network reads a modality.
      history: Whether the user's earlier events are read, where the dataset has them.
      behaviour: What is read of them, and of an item's reviews.
      series_days: Days of the series of events a day.
      modality_dropout: Chance of each present modality to be hidden in training; one always stays.
      missing: What stands in the place of an absent modality: a learned token, the mean of those
        that are present, or a guess from the row's others by `regression` or by an `adversarial`
        generator.
      fusion: How modalities become one vector.
      decision: How the modalities' decisions are joined, where `fusion` is `late` or `hybrid`;
        `average` where `None`.
      sharing: How one vector becomes one for each task.
      interaction: How a user's and an item's vector meet in a head: `neural` has biases, the
        product and a small network, `inner_product` biases and that product alone, `concat` a small
        network over both side by side.
      experts: Experts of `mmoe`, 4 where `None`; of `ple` those of each task, and shared ones, 2
        where `None`.
    """

    dim: Width = 64
    dropout: Share = 0.3
    id_dropout: Share = 0.1
    stranger_dropout: Share = 0.05
    towers: Towers = Towers()
    history: bool = True
    behaviour: Parts = DEFAULT
    series_days: Annotated[Whole, Field(ge=7, le=365)] = SERIES_DAYS
    modality_dropout: Share = 0.0
    missing: Literal["token", "mean", "regression", "adversarial"] = "token"
    fusion: Literal[
        "concat", "weighted", "gated", "attention", "co_attention", "late", "hybrid"
    ] = "gated"
    decision: Literal["average", "vote", "stack"] | None = None
    sharing: Literal["shared_bottom", "mmoe", "ple", "branches"] = "shared_bottom"
    interaction: Literal["neural", "inner_product", "concat"] = "neural"
    experts: Annotated[Count, Field(le=64)] | None = None

    @property
    def past_parts(self) -> Parts:
        """What is read of the past: nothing without a history."""
        return self.behaviour if self.history else ()

    @model_validator(mode="after")
    def _past_fits(self) -> "ModelOptions":
        check_parts(self)
        return self

    @model_validator(mode="after")
    def _options_have_a_reader(self) -> "ModelOptions":
        if self.decision is not None and self.fusion not in ("late", "hybrid"):
            raise ValueError(f"'decision' was given ('{self.decision}'), but only the fusions "
                             f"'late' and 'hybrid' decide; 'fusion' is '{self.fusion}'")
        if self.experts is not None and self.sharing not in ("mmoe", "ple"):
            raise ValueError(f"'experts' was given ({self.experts}), but only the sharings "
                             f"'mmoe' and 'ple' have experts; 'sharing' is '{self.sharing}'")
        return self

    @property
    def imputation_learns(self) -> bool:
        """Whether guesses of absent modalities have a loss of their own."""
        return self.missing in ("regression", "adversarial")
