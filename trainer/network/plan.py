"""Which parts a side of the network has, by dataset and recipe, before anything is built."""

from collections.abc import Iterator

from schemas import Feature, FeatureSpec
from trainer.behaviour.options import PastPart
from trainer.modalities import modality_of
from trainer.modalities.modality import zeros
from trainer.parts.part import ITEMS, Built, Embedded, Materials, Numbers, Part
from trainer.recipe.families import NetworkRecipe

IDS = "id"


def plan_parts(spec: FeatureSpec, recipe: NetworkRecipe, side: str) -> list[Part]:
    """Plans the parts of a side of the network, in the order of the fusion.

    Args:
      spec: The dataset's spec.
      recipe: A recipe whose modalities are named.
      side: `users` or `items`.
    """
    def build_ids(materials: Materials) -> Built:
        from trainer.network.ids import id_part

        return id_part(recipe, materials)

    plan = [Part(IDS, side, "the ids", build_ids, content=False, gradient=(Embedded(),))]
    for feature in spec.inputs(side, recipe.modalities, recipe.labels):
        plan += _content_parts(feature, recipe)
    return [*plan, *_past_parts(spec, recipe, side)]


def _content_parts(feature: Feature, recipe: NetworkRecipe) -> Iterator[Part]:
    modality = str(feature.modality)
    options = recipe.modalities[modality]
    if options.trained:
        yield from modality_of(feature).parts(feature, options)
    if options.encoded_by is None:
        return

    def build(materials: Materials) -> Built:
        from trainer.network.encoded import encoded_part

        return encoded_part(feature, materials)

    yield Part(f"{feature.name}_encoded", feature.side,
               f"the encoder's vectors of {feature.name!r}", build, gradient=(Numbers(zeros),))


def _past_parts(spec: FeatureSpec, recipe: NetworkRecipe, side: str) -> Iterator[Part]:
    if not spec.has_history:
        return
    for name, part in recipe.behaviour.items():
        if part.of_items == (side == ITEMS):
            build = _past_builder(spec, name, part)
            yield Part(name, side, f"{name!r} of 'behaviour'", build, content=False,
                       gradient=(Embedded(),) if part.embedded else ())


def _past_builder(spec: FeatureSpec, name: str, part: PastPart):
    def build(materials: Materials) -> Built:
        from trainer.behaviour.towers import past_part

        return past_part(name, part, spec, materials)

    return build
