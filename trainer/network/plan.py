"""Which parts a side of the network has, by dataset and recipe, before anything is built."""

import functools
from collections.abc import Iterator

from schemas import Feature
from trainer.modalities import modality_of
from trainer.modalities.modality import zeros
from trainer.parts.part import Built, Embedded, Materials, Numbers, Part
from trainer.recipe import BoundRecipe, Recipe

IDS = "id"


def plan_parts(bound: BoundRecipe, side: str) -> list[Part]:
    """Plans the parts of a side of the network, in the order of the fusion.

    Args:
      bound: The recipe, of a family that has towers.
      side: `users` or `items`.
    """
    def build_ids(materials: Materials) -> Built:
        from trainer.network.ids import id_part

        return id_part(bound.recipe, materials)

    plan = [Part(IDS, side, "the ids", build_ids, content=False, gradient=(Embedded(),))]
    for feature in bound.inputs(side):
        plan += _content_parts(feature, bound.recipe)
    return [*plan, *_past_parts(bound, side)]


def _content_parts(feature: Feature, recipe: Recipe) -> Iterator[Part]:
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


def _past_parts(bound: BoundRecipe, side: str) -> Iterator[Part]:
    if not bound.spec.has_history:
        return
    for name, part in bound.recipe.past_parts.items():
        if side in (names := part.names(name)):
            build = functools.partial(part.build, bound.spec)
            yield Part(names[side], side, f"{name!r} of 'behaviour'", build, content=False,
                       gradient=(Embedded(),) if part.embedded else ())
