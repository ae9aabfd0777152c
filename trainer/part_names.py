"""What the parts of a network's fusion are called: a column's name, or one of the house."""

from schemas import FeatureSpec
from trainer.recipe import Recipe

IDS = "id"


def part_names(spec: FeatureSpec, recipe: Recipe, side: str) -> list[tuple[str, str]]:
    """Returns the names of a side's parts in the order of the fusion, each with what it reads.

    Two parts of one name would be one part, and what the first reads would be lost.

    Args:
      spec: The dataset's spec.
      recipe: A recipe whose modalities are named.
      side: `users` or `items`.
    """
    found = [(IDS, "the ids")]
    text, encoders = recipe.preprocessing.text, recipe.encoders.given()
    for feature in spec.inputs(side, recipe.modalities, recipe.labels):
        name, encoder = feature.name, encoders.get(str(feature.modality))
        if encoder is None or not encoder.replaces_tower:
            found.append((name, f"the column {name!r}"))
            if feature.modality == "text":
                aspects = (("topics", text.topics), ("sentiment", text.sentiment))
                found += [(f"{name}_{aspect}", f"the {aspect} of {name!r}")
                          for aspect, wanted in aspects if wanted]
        if encoder is not None:
            found.append((f"{name}_encoded", f"the encoder's vectors of {name!r}"))
    return found + [(part, f"{part!r} of 'model.behaviour'") for part in _past(spec, recipe, side)]


def joined(parts: dict[str, tuple], more: dict[str, tuple]) -> dict[str, tuple]:
    """Returns all parts by name.

    Raises:
      ValueError: One would take the place of another.
    """
    if same := sorted(parts.keys() & more.keys()):
        raise ValueError(f"two parts of the network have the same name: {', '.join(same)}")
    return {**parts, **more}


def _past(spec: FeatureSpec, recipe: Recipe, side: str) -> list[str]:
    histories = spec.histories()
    if "item_id" not in histories or "timestamp" not in histories:
        return []
    return [part for part in recipe.model.past_parts
            if (part == "item_reviews") == (side == "items")]
