"""Whether the columns of a dataset leave each part of a network a name of its own."""

from schemas import FeatureSpec, InputError
from trainer.part_names import part_names
from trainer.recipe import Recipe


def check_part_names(recipe: Recipe, name: str, spec: FeatureSpec) -> None:
    """Refuses a column that is called like another part of the network.

    Args:
      recipe: The recipe; its modalities are named.
      name: Its name.
      spec: The dataset's spec.

    Raises:
      InputError: There is one; the message names the table, the column and the other part.
    """
    if recipe.family != "network":
        return
    for side in ("users", "items"):
        seen: dict[str, str] = {}
        for part, reads in part_names(spec, recipe, side):
            if part in seen:
                column = f"the column {part!r}"
                other = reads if seen[part] == column else seen[part]
                raise InputError(
                    "part-name-taken",
                    f"Recipe {name!r}: the {side} of {spec.name!r} have a column {part!r}, and the "
                    f"part of the model that reads {other} has the same name. Rename the column.")
            seen[part] = reads
