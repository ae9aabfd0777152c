"""The tower of categories."""

from typing import Any

from schemas import Feature
from trainer.layers.towers import CategoricalTower
from trainer.parts.part import Built, Materials


def tower(feature: Feature, materials: Materials, options: Any) -> Built:
    """Builds the tower that reads a feature's indices."""
    layer = CategoricalTower(materials.dim, materials.table.vocabularies[feature.name],
                             dropout=materials.dropout, name=f"{materials.side}_{feature.name}")
    return Built(layer, *layer(materials.inputs[feature.name]))
