"""The recipe's `rankers` and `predictors`: what is in closed form beside a model."""

from typing import Annotated

from trainer.options import SomeOf, Strict


def _rankers() -> dict[str, type[Strict]]:
    from trainer.late_fusion.kinds import RANKER_KINDS  # which needs scipy

    return dict.fromkeys(RANKER_KINDS, Strict)


def _predictors() -> dict[str, type[Strict]]:
    from trainer.late_fusion.predictors import PREDICTOR_KINDS  # which needs scipy

    return dict.fromkeys(PREDICTOR_KINDS, Strict)


Rankers = Annotated[dict[str, Strict], SomeOf(_rankers)]
Predictors = Annotated[dict[str, Strict], SomeOf(_predictors)]
