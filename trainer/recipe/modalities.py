"""Which modalities a recipe reads of a dataset."""

from typing import get_args

from schemas import FeatureSpec, InputError
from trainer.recipe.readers import ASKED_OF_TEXTS, restricted
from trainer.recipe.recipe import ALL, Modality, Recipe


def for_dataset(recipe: Recipe, spec: FeatureSpec) -> Recipe:
    """Returns the recipe with the modalities that it reads of a dataset by name.

    Options of a modality that `all` does not bring are left out: nothing would read them. What is
    asked of texts stays: `pipeline.text_check` tells that there are none.

    Args:
      recipe: A recipe, whose `modalities` may be `all`.
      spec: The dataset's spec.
    """
    if recipe.modalities != (ALL,):
        return recipe
    return restricted(recipe, known_modalities(spec), ASKED_OF_TEXTS)


def check_modalities(name: str, recipe: Recipe, spec: FeatureSpec) -> None:
    """Refuses a recipe that names a modality which neither users nor items have.

    Args:
      name: The recipe's name.
      recipe: The recipe.
      spec: The dataset's spec.

    Raises:
      InputError: There is such a modality.
    """
    known = known_modalities(spec)
    lacking = [m for m in recipe.modalities if m not in (*known, ALL)]
    if lacking:
        raise InputError(
            "modality-without-column",
            f"Recipe {name!r}, key 'modalities': given {', '.join(map(repr, lacking))}, but "
            f"neither the users nor the items of dataset {spec.name!r} have a column of it; they "
            f"have: {', '.join(known) or 'none'}. Tag one in the schema, take the word out of the "
            f"recipe, or say 'modalities: {ALL}' for whatever a dataset has.")


def known_modalities(spec: FeatureSpec) -> tuple[str, ...]:
    """Returns the modalities that users or items have, in the order of `Modality`."""
    return tuple(m for m in get_args(Modality)
                 if any(spec.inputs(side, (m,)) for side in ("users", "items")))
