"""Videos."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from schemas.media import VIDEO_FRAMES
from schemas.modality import raw_modality
from trainer.modalities.modality import Block, Modality, grey, present_column
from trainer.modalities.video.options import VideoOptions
from trainer.parts.part import Numbers, Part
from trainer.preprocessing.column import Column


class Video(Modality):
    """A few small frames of a film."""

    raw = raw_modality("video")
    options = VideoOptions
    divisible = True
    pictured = True
    caption = f"Shown is the middle frame of {VIDEO_FRAMES}."

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        shape = options["frames"], options["height"], options["width"], 3
        yield Column(feature.name, feature.name, "uint8", shape)
        yield present_column(feature)

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        yield self.tower(feature, options, Numbers(grey, 2))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import colours, mean_frame, pixels, presence, unit

        return Block(unit(colours(mean_frame(pixels(name, read)))) * presence(name, read))
