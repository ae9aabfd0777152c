"""What a recipe may say of pictures."""

from typing import Annotated

from pydantic import Field

from trainer.encoders.options import ImageEncoder
from trainer.modalities.options import ModalityOptions
from trainer.options.choice import OneOf, Way
from trainer.options.strict import Strength, Whole

Side = Annotated[Whole, Field(ge=8, le=512)]


class ImageOptions(ModalityOptions):
    """Pictures.

    Attributes:
      tower: `cnn` learns from pixels; `visual_words` counts the visual words of the table's own
        pictures; `fourier` averages the spectrum over bands.
      height: Rows of pixels of what the tower sees.
      width: Columns of pixels.
      augmentation: How much training mirrors, crops and brightens pictures.
      encoder: A pretrained network for pictures.
    """

    prepared = ("height", "width")

    tower: Annotated[Way, OneOf("cnn", "visual_words", "fourier")] = Field(
        default="cnn", validate_default=True)
    height: Side = 32
    width: Side = 32
    augmentation: Strength = 0.0
    encoder: ImageEncoder | None = None
