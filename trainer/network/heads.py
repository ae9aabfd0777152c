"""Which head each task gets: of a pair, or of the user alone."""

from collections.abc import Mapping

from trainer.layers.heads import INTERACTIONS, Head, Offset, ProfileHead
from trainer.options import look_up
from trainer.recipe import BoundRecipe
from trainer.recipe.families import NetworkRecipe


def build_heads(
    bound: BoundRecipe[NetworkRecipe], means: Mapping[str, Offset]
) -> dict[str, Head]:
    """Builds the head of every task but retrieval.

    Args:
      bound: The recipe: the tasks, and how a user's and an item's vector meet.
      means: What `trainer.evaluation.label_facts.label_means` returned.

    Returns:
      Heads by task: of a pair, or of the user alone.
    """
    spec, options = bound.spec, bound.recipe.model
    pair = look_up(INTERACTIONS, options.interaction, "interaction")
    return {
        name: (ProfileHead if task.of_user(spec) else pair)(
            options.dim, task.kind.start(spec, task.targets, means), options.dropout,
            task.kind.units(spec, task.targets), name=f"head_{name}")
        for name, task in bound.recipe.tasks.items() if not task.kind.retrieves
    }
