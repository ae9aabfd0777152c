"""What a recipe may say of pictures."""

from typing import Annotated

from pydantic import Field, model_validator

from trainer.modalities.options import KERAS, Encoder, ModalityOptions
from trainer.options import Count, OneOf, Strength, Tuned, Way, Whole

Side = Annotated[Whole, Field(ge=8, le=512)]
Pixels = Annotated[Count, Field(le=4096)]


class ImageEncoder(Encoder):
    """One for pictures.

    Attributes:
      height: Rows of pixels that it takes, where it does not say so itself.
      width: Columns likewise.
      fine_tune: How many of its last layers are trained with the model; it is a Keras model then.
    """

    height: Pixels | None = None
    width: Pixels | None = None
    fine_tune: Annotated[Whole, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _only_keras_models_have_layers(self) -> "ImageEncoder":
        if self.fine_tune and not self.handle.endswith(KERAS):
            raise ValueError(f"'fine_tune' was given ({self.fine_tune}), but only a Keras model, a "
                             f"file ending in '{KERAS}', has layers to train; 'handle' is "
                             f"'{self.handle}'")
        return self


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
