"""The tower of a number."""

from typing import Any

from schemas import Feature
from trainer.layers.towers import NumericTower
from trainer.parts.part import Built, Materials
from trainer.preprocessing import columns


def tower(feature: Feature, materials: Materials, options: Any) -> Built:
    """Builds the tower that reads a feature's number."""
    inputs = materials.inputs
    layer = NumericTower(materials.dim, dropout=materials.dropout,
                         name=f"{materials.side}_{feature.name}")
    return Built(layer, *layer(
        (inputs[feature.name][:, None], inputs[columns.present(feature.name)])))
