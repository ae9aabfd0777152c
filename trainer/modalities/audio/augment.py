"""Sounds as training varies them, where the recipe says so."""

import keras

from trainer.layers.augmentation import SpectrogramAugmentation


def varied(spectrogram: keras.KerasTensor, strength: float, name: str) -> keras.KerasTensor:
    """Returns spectrograms, `(batch, frames, mels, 1)`, as a tower is to hear them."""
    layer = SpectrogramAugmentation(strength, name=f"{name}_varied")
    return layer(spectrogram) if strength else spectrogram
