"""What a recipe may say of videos."""

from typing import Annotated

from pydantic import Field

from schemas.media import VIDEO_FRAMES, VIDEO_SIDE
from trainer.modalities.options import ModalityOptions
from trainer.options import Strength, Tuned, Whole

Side = Annotated[Whole, Field(ge=8, le=VIDEO_SIDE)]


class VideoOptions(ModalityOptions):
    """Videos, as frames that are chosen evenly.

    Attributes:
      frames: How many frames are seen, evenly chosen from first to last.
      height: Rows of pixels of a frame.
      width: Columns of pixels of a frame.
      augmentation: How much training mirrors, crops and brightens the frames.
    """

    prepared = ("frames", "height", "width")

    frames: Annotated[Whole, Field(ge=2, le=VIDEO_FRAMES)] = 8
    height: Side = 32
    width: Side = 32
    augmentation: Tuned[Strength] = 0.0
