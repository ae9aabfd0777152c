"""Whether a dataset has the past that a recipe wants to read."""

from schemas import FeatureSpec, InputError
from trainer.preprocessing.past import past_text
from trainer.recipe import Recipe
from trainer.recipe.behaviour import DEFAULT

_REVIEWS = ("reviews", "item_reviews")


def check_behaviour(recipe: Recipe, name: str, spec: FeatureSpec) -> None:
    """Refuses what a recipe wants of the past and a dataset lacks; the default wants nothing.

    Args:
      recipe: The recipe.
      name: Its name.
      spec: The dataset's spec.

    Raises:
      InputError: There is no history of items and times, or none of texts.
    """
    model = recipe.model
    wanted: list[str] = [part for part in model.past_parts if part not in DEFAULT]
    if "history" in model.past_parts and model.towers.history != "means":
        wanted.insert(0, f"history ({model.towers.history})")
    if not wanted:
        return
    histories = spec.histories()
    where = f"Recipe {name!r}, key 'model.behaviour': {', '.join(wanted)}"
    has = ", ".join(f"history:{what}" for what in histories) or "none"
    if "item_id" not in histories or "timestamp" not in histories:
        raise InputError(
            "recipe-needs-histories",
            f"{where} needs histories of items and times, and the interactions of {spec.name!r} "
            f"have: {has}. Add columns with the tags 'history:item_id' and 'history:timestamp', "
            "which ingest fills, or leave the key out.")
    reviews = [part for part in wanted if part in _REVIEWS]
    if reviews and past_text(spec, recipe.past) is None:
        raise InputError(
            "recipe-needs-reviews",
            f"{where} needs the texts of earlier events, and the interactions of {spec.name!r} "
            f"have: {has}. Add a column with the tag 'history:COLUMN', COLUMN having the tag "
            f"'text' and not 'pii', or take {' and '.join(reviews)} out.")
