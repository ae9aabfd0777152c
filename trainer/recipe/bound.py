"""A recipe bound to a dataset: its modalities are those that the dataset has."""

from dataclasses import dataclass

from schemas import FeatureSpec, InputError
from trainer.modalities import MODALITIES
from trainer.recipe.recipe import ALL, Recipe


@dataclass(frozen=True)
class BoundRecipe:
    """What the pipeline runs: a recipe without `all`, and the dataset that it reads.

    Attributes:
      recipe: The recipe; each of its modalities is named.
      spec: The dataset's spec, which has a column of each.
    """

    recipe: Recipe
    spec: FeatureSpec


def bind(recipe: Recipe, spec: FeatureSpec, name: str = "") -> BoundRecipe:
    """Returns the recipe with the modalities that it reads of a dataset by name.

    Args:
      recipe: A recipe, whose `modalities` may have `all`.
      spec: The dataset's spec.
      name: What messages call the recipe.

    Raises:
      InputError: The recipe names a modality which neither users nor items have.
    """
    known = known_modalities(spec)
    lacking = [m for m in recipe.modalities if m not in (*known, ALL)]
    if lacking:
        raise InputError(
            "modality-lacking",
            f"Recipe {name!r}, key 'modalities': given {', '.join(map(repr, lacking))}, but "
            f"neither the users nor the items of dataset {spec.name!r} have a column of it; they "
            f"have: {', '.join(known) or 'none'}. Tag one in the schema, take the word out of the "
            f"recipe, or say 'modalities: {ALL}' for whatever a dataset has.")
    if ALL not in recipe.modalities:
        return BoundRecipe(recipe, spec)
    named = {m: recipe.modalities.get(m) or MODALITIES[m].options() for m in known}
    return BoundRecipe(recipe.model_copy(update={"modalities": named}), spec)


def known_modalities(spec: FeatureSpec) -> tuple[str, ...]:
    """Returns the modalities that users or items have, in the order of their registry."""
    return tuple(m for m in MODALITIES
                 if any(spec.inputs(side, (m,)) for side in ("users", "items")))
