"""The recipe's `model.behaviour`: what is read of the past, and what fits together there."""

from typing import TYPE_CHECKING, Literal

from trainer.preprocessing.past import Past

if TYPE_CHECKING:
    from trainer.recipe.network import ModelOptions
    from trainer.recipe.recipe import Recipe

Part = Literal["history", "context", "counts", "series", "reviews", "item_reviews"]
Parts = tuple[Part, ...]
DEFAULT: Parts = ("history", "context")
SERIES_DAYS = 28
RECONSTRUCTION_WEIGHT = 0.1
# What each option is an option of, with the value that says nothing.
_OPTIONS = {
    "towers.history": ("history", "means"),
    "towers.series": ("series", "rnn"),
    "series_days": ("series", SERIES_DAYS),
}


def check_parts(model: "ModelOptions") -> None:
    """Refuses options of the past that nothing reads.

    Args:
      model: The recipe's `model`.

    Raises:
      ValueError: A part stands twice, or an option was given without its part.
    """
    if len(set(model.behaviour)) < len(model.behaviour):
        raise ValueError(f"'behaviour' names a part twice: {_listed(model.behaviour)}")
    if not model.history and model.behaviour != DEFAULT:
        raise ValueError(f"'behaviour' was given ({_listed(model.behaviour)}), but 'history' is "
                         "false: then the model reads nothing of the past")
    for key, (part, plain) in _OPTIONS.items():
        given: object = model
        for name in key.split("."):
            given = getattr(given, name)
        if given != plain and part not in model.past_parts:
            raise ValueError(f"'{key}' was given ({given!r}), but the model does not read "
                             f"'{part}'; 'behaviour' is {_listed(model.past_parts)}")


def check_losses(recipe: "Recipe") -> None:
    """Refuses what the tasks and the losses of the past make impossible.

    Args:
      recipe: The recipe.

    Raises:
      ValueError: The reviews of an item meet a head that compares it with unseen ones, or the loss
        of the variational autoencoder has a weight without cause.
    """
    clicks = [name for name, task in recipe.tasks.items() if task.kind.against_unseen]
    if "item_reviews" in recipe.model.past_parts and clicks:
        raise ValueError(
            f"'model.behaviour' has 'item_reviews', and the task '{clicks[0]}' has the head "
            f"'{recipe.tasks[clicks[0]].head}': an event's item would show its reviews as of then, "
            "the unseen items those of later, and the difference would tell which is which. Take "
            "one of them out")
    weight = recipe.training.reconstruction
    if not has_autoencoder(recipe.model) and weight != RECONSTRUCTION_WEIGHT:
        raise ValueError(f"'training.reconstruction' was given ({weight}), but only "
                         "'model.towers.series: vae' reconstructs anything")


def has_autoencoder(model: "ModelOptions") -> bool:
    """Tells whether the model has a variational autoencoder, whose loss it adds."""
    return "series" in model.past_parts and model.towers.series == "vae"


def past_of(recipe: "Recipe") -> Past:
    """Returns what Transform and requests derive of the past for a recipe."""
    parts, text = recipe.model.past_parts, recipe.preprocessing.text
    reviews = bool({"reviews", "item_reviews"} & set(parts))
    return Past(
        sequence="history" in parts and recipe.model.towers.history != "means",
        counts="counts" in parts,
        days=recipe.model.series_days if "series" in parts else 0,
        words=text.tokens if reviews else 0,
        vocabulary=text.vocabulary if reviews else 0,
    )


def _listed(parts: Parts) -> str:
    return f"[{', '.join(parts)}]"
