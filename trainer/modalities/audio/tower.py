"""The tower of sounds."""

from typing import Any

from schemas import Feature
from trainer.layers.media_towers import AudioTower
from trainer.modalities.audio.augment import varied
from trainer.modalities.audio.names import mfcc
from trainer.parts.part import Built, Materials
from trainer.preprocessing import columns


def tower(feature: Feature, materials: Materials, options: Any) -> Built:
    """Builds the tower that reads a feature's spectrogram and cepstrum."""
    name = f"{materials.side}_{feature.name}"
    inputs = materials.inputs
    layer = AudioTower(materials.dim, dropout=materials.dropout, name=name)
    return Built(layer, *layer((
        varied(inputs[feature.name], options.augmentation, name),
        inputs[mfcc(feature.name)], inputs[columns.present(feature.name)])))
