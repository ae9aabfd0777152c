"""Pictures as training varies them, where the recipe says so."""

import keras

from trainer.layers.augmentation import PictureAugmentation


def varied(pixels: keras.KerasTensor, strength: float, name: str) -> keras.KerasTensor:
    """Returns pictures, or the frames of videos, as a tower is to see them.

    Args:
      pixels: `(batch, ..., height, width, 3)`.
      strength: How strongly they vary in training, 0 to 1.
      name: The tower's name.
    """
    return PictureAugmentation(strength, name=f"{name}_varied")(pixels) if strength else pixels
