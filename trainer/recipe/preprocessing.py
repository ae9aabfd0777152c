"""The recipe's `preprocessing`: options of Transform, by modality."""

from typing import Annotated

from pydantic import Field, model_validator

from schemas.media import SOUND_SECONDS, VIDEO_FRAMES, VIDEO_SIDE
from trainer.recipe.strict import Count, Number, Strict, Whole
from trainer.recipe.text import TextOptions


class CategoricalOptions(Strict):
    """Preprocessing of categorical columns."""

    vocabulary: Annotated[Count, Field(le=10_000_000)] = 10_000


class ImageOptions(Strict):
    """Preprocessing of pictures: size of the tensor in pixels."""

    height: Annotated[Whole, Field(ge=8, le=512)] = 32
    width: Annotated[Whole, Field(ge=8, le=512)] = 32


class AudioOptions(Strict):
    """Preprocessing of sounds: seconds heard from the middle, mel bands, cepstral coefficients."""

    seconds: Annotated[Number, Field(ge=0.1, le=SOUND_SECONDS)] = 4.0
    mels: Annotated[Whole, Field(ge=8, le=128)] = 40
    mfcc: Annotated[Whole, Field(ge=1, le=40)] = 13

    @model_validator(mode="after")
    def _fewer_coefficients(self) -> "AudioOptions":
        if self.mfcc > self.mels:
            raise ValueError(f"mfcc is {self.mfcc}, at most mels ({self.mels}) is possible")
        return self


class VideoOptions(Strict):
    """Preprocessing of videos: frames seen, evenly chosen, and their size in pixels."""

    frames: Annotated[Whole, Field(ge=2, le=VIDEO_FRAMES)] = 8
    height: Annotated[Whole, Field(ge=8, le=VIDEO_SIDE)] = 32
    width: Annotated[Whole, Field(ge=8, le=VIDEO_SIDE)] = 32


class Preprocessing(Strict):
    """Options of Transform, by modality."""

    categorical: CategoricalOptions = CategoricalOptions()
    text: TextOptions = TextOptions()
    image: ImageOptions = ImageOptions()
    audio: AudioOptions = AudioOptions()
    video: VideoOptions = VideoOptions()
