"""The recipe's `rankers` and `predictors`: what is in closed form beside a model."""

from typing import Annotated

from trainer.options import SomeOf, Strict

# The options of each; what fits them is in `trainer.late_fusion`, of which Transform and the
# command line need not know.
RANKERS: dict[str, type[Strict]] = dict.fromkeys(
    ("popularity", "recent_popularity", "item_neighbours", "item_to_item", "factors", "content"),
    Strict)
PREDICTORS: dict[str, type[Strict]] = dict.fromkeys(
    ("biases", "recent_biases", "factors", "item_to_item", "content", "profile"), Strict)

Rankers = Annotated[dict[str, Strict], SomeOf(lambda: RANKERS)]
Predictors = Annotated[dict[str, Strict], SomeOf(lambda: PREDICTORS)]
