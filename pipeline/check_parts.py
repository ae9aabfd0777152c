"""Whether the columns of a dataset leave each part of a network a name of its own."""

from schemas import FeatureSpec, InputError
from trainer.network.plan import plan_parts
from trainer.recipe import Recipe
from trainer.recipe.families import NetworkRecipe


def check_part_names(recipe: Recipe, name: str, spec: FeatureSpec) -> None:
    """Refuses a column that is called like another part of the network.

    Args:
      recipe: The recipe; its modalities are named.
      name: Its name.
      spec: The dataset's spec.

    Raises:
      InputError: There is one; the message names the table, the column and the other part.
    """
    if not isinstance(recipe, NetworkRecipe):
        return
    for side in ("users", "items"):
        seen: dict[str, str] = {}
        for part in plan_parts(spec, recipe, side):
            if part.name in seen:
                column = f"the column {part.name!r}"
                other = part.reads if seen[part.name] == column else seen[part.name]
                raise InputError(
                    "part-name-taken",
                    f"Recipe {name!r}: the {side} of {spec.name!r} have a column {part.name!r}, "
                    f"and the part of the model that reads {other} has the same name. Rename the "
                    "column.")
            seen[part.name] = part.reads
