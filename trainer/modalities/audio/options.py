"""What a recipe may say of sounds."""

from typing import Annotated

from pydantic import Field, model_validator

from schemas.media import SOUND_SECONDS
from trainer.modalities.options import Encoder, ModalityOptions
from trainer.options import Number, Strength, Tuned, Whole


class AudioEncoder(Encoder):
    """One for sounds.

    Attributes:
      seconds: How much of a sound's middle it hears, where it does not say so itself.
    """

    seconds: Annotated[Number, Field(ge=0.1, le=SOUND_SECONDS)] = 10.0


class AudioOptions(ModalityOptions):
    """Sounds, as spectrograms and cepstral coefficients.

    Attributes:
      seconds: How much is heard, from the middle of a sound; a shorter one has silence around it.
      mels: Mel bands of the spectrogram, 50 frames a second.
      mfcc: Cepstral coefficients, at most `mels`; mean and deviation of each.
      augmentation: How much of frequencies and time training hides in spectrograms (SpecAugment,
        Park 2019).
      encoder: A pretrained network for sounds.
    """

    prepared = ("seconds", "mels", "mfcc")

    seconds: Annotated[Number, Field(ge=0.1, le=SOUND_SECONDS)] = 4.0
    mels: Annotated[Whole, Field(ge=8, le=128)] = 40
    mfcc: Annotated[Whole, Field(ge=1, le=40)] = 13
    augmentation: Tuned[Strength] = 0.0
    encoder: AudioEncoder | None = None

    @model_validator(mode="after")
    def _fewer_coefficients(self) -> "AudioOptions":
        if self.mfcc > self.mels:
            raise ValueError(f"mfcc is {self.mfcc}, at most mels ({self.mels}) is possible")
        return self
