"""What a recipe may say of pictures."""

from typing import Annotated

from pydantic import Field

from trainer.encoders.options import ImageEncoder
from trainer.modalities.options import ModalityOptions
from trainer.options import OneOf, Strength, Tuned, Way, Whole

Side = Annotated[Whole, Field(ge=8, le=512)]


class ImageOptions(ModalityOptions):
    """Pictures.

    Attributes:
      tower: `cnn` learns from pixels; `visual_words` is the TF-IDF of 128 visual words, k-means
        over patches of the table's own pictures (Coates 2012, Sivic 2003); `fourier` is the
        spectrum, averaged over rings and sectors of frequencies (Torralba 2003).
      height: Rows of pixels of what the tower sees.
      width: Columns of pixels.
      augmentation: How much training mirrors, crops and brightens pictures.
      encoder: A pretrained network for pictures.
    """

    prepared = ("height", "width")

    tower: Tuned[Annotated[Way, OneOf("cnn", "visual_words", "fourier")]] = Field(
        default="cnn", validate_default=True)
    height: Side = 32
    width: Side = 32
    augmentation: Tuned[Strength] = 0.0
    encoder: ImageEncoder | None = None
