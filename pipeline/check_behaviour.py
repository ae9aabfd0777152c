"""Whether a dataset has the past that a recipe wants to read."""

from schemas import FeatureSpec, InputError
from trainer.behaviour.past import past_text
from trainer.recipe import Recipe
from trainer.recipe.behaviour import DEFAULT, History, Reviews
from trainer.recipe.families import NetworkRecipe


def check_behaviour(recipe: Recipe, name: str, spec: FeatureSpec) -> None:
    """Refuses what a recipe wants of the past and a dataset lacks; the default wants nothing.

    Args:
      recipe: The recipe.
      name: Its name.
      spec: The dataset's spec.

    Raises:
      InputError: There is no history of items and times, or none of texts.
    """
    if not isinstance(recipe, NetworkRecipe):
        return
    wanted = [name for name in recipe.behaviour if name not in DEFAULT]
    wanted[:0] = [f"{name} ({part.tower.name})" for name, part in recipe.behaviour.items()
                  if isinstance(part, History) and part.in_order]
    if not wanted:
        return
    histories = spec.histories()
    where = f"Recipe {name!r}, key 'behaviour': {', '.join(wanted)}"
    has = ", ".join(f"history:{what}" for what in histories) or "none"
    if "item_id" not in histories or "timestamp" not in histories:
        raise InputError(
            "recipe-needs-histories",
            f"{where} needs histories of items and times, and the interactions of {spec.name!r} "
            f"have: {has}. Add columns with the tags 'history:item_id' and 'history:timestamp', "
            "which ingest fills, or leave the key out.")
    reviews = [name for name, part in recipe.behaviour.items() if isinstance(part, Reviews)]
    if reviews and past_text(spec, recipe.past) is None:
        raise InputError(
            "recipe-needs-reviews",
            f"{where} needs the texts of earlier events, and the interactions of {spec.name!r} "
            f"have: {has}. Add a column with the tag 'history:COLUMN', COLUMN having the tag "
            f"'text' and not 'pii', or take {' and '.join(reviews)} out.")
