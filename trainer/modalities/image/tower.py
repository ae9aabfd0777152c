"""The towers of pictures, by the name that a recipe gives them."""

from typing import Any

from schemas import Feature
from trainer.layers.image_towers import FourierTower
from trainer.layers.towers import ImageTower
from trainer.modalities.image.augment import varied
from trainer.modalities.image.codebook import fitted_tower
from trainer.options import look_up
from trainer.parts.part import Built, Materials
from trainer.preprocessing import columns

# Each is given what returns the table's pictures: a copy of them, for the one that is fitted.
IMAGE_TOWERS = {
    "cnn": lambda dim, pictures, **options: ImageTower(dim, **options),
    "visual_words": lambda dim, pictures, **options: fitted_tower(dim, pictures(), **options),
    "fourier": lambda dim, pictures, **options: FourierTower(dim, **options),
}


def tower(feature: Feature, materials: Materials, options: Any) -> Built:
    """Builds the tower that the options name."""
    name = f"{materials.side}_{feature.name}"
    there = columns.present(feature.name)
    build = look_up(IMAGE_TOWERS, options.tower.name, "image tower")
    # What is fitted on pictures is fitted on those of the feature's own table.
    content = materials.table.content
    layer = build(materials.dim, lambda: content[feature.name][content[there] > 0],
                  dropout=materials.dropout, name=name)
    pixels = varied(materials.inputs[feature.name], options.augmentation, name)
    return Built(layer, *layer((pixels, materials.inputs[there])))
