"""The tower of videos."""

from typing import Any

from schemas import Feature
from trainer.layers.media_towers import VideoTower
from trainer.modalities.image.augment import varied
from trainer.parts.part import Built, Materials
from trainer.preprocessing import columns


def tower(feature: Feature, materials: Materials, options: Any) -> Built:
    """Builds the tower that reads a feature's frames."""
    name = f"{materials.side}_{feature.name}"
    layer = VideoTower(materials.dim, dropout=materials.dropout, name=name)
    return Built(layer, *layer((
        varied(materials.inputs[feature.name], options.augmentation, name),
        materials.inputs[columns.present(feature.name)])))
