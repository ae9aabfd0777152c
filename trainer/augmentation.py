"""Content columns as training varies them, where the recipe says so."""

import keras

from trainer.layers.augmentation.pictures import PictureAugmentation
from trainer.layers.augmentation.sounds import SpectrogramAugmentation
from trainer.recipe import Recipe


def varied_pictures(pixels: keras.KerasTensor, recipe: Recipe, name: str) -> keras.KerasTensor:
    """Returns pictures, or the frames of videos, as a tower is to see them.

    Args:
      pixels: `(batch, ..., height, width, 3)`.
      recipe: Tells how strongly they vary in training.
      name: The tower's name.
    """
    strength = recipe.training.augmentation.image
    return PictureAugmentation(strength, name=f"{name}_varied")(pixels) if strength else pixels


def varied_sounds(spectrogram: keras.KerasTensor, recipe: Recipe, name: str) -> keras.KerasTensor:
    """Returns spectrograms, `(batch, frames, mels, 1)`, as a tower is to hear them."""
    strength = recipe.training.augmentation.sound
    layer = SpectrogramAugmentation(strength, name=f"{name}_varied")
    return layer(spectrogram) if strength else spectrogram
