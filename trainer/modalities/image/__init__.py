"""Pictures."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from schemas.modality import raw_modality
from trainer.modalities.image.options import ImageOptions
from trainer.modalities.modality import Block, Modality, grey, present_column
from trainer.parts.part import Numbers, Part
from trainer.preprocessing.column import Column


class Image(Modality):
    """A picture, shrunk to a few pixels."""

    raw = raw_modality("image")
    options = ImageOptions
    divisible = True
    pictured = True

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        yield Column(feature.name, feature.name, "uint8", (options["height"], options["width"], 3))
        yield present_column(feature)

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        # A patch is one visual word or another, and no gradient says how nearly.
        stepped = options.tower.name == "visual_words"
        yield self.tower(feature, options, *(() if stepped else [Numbers(grey, 3)]))

    def readable(self, raw: Any) -> Any:
        """See `Modality`."""
        return self.file("readable").whole_pictures(raw)

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import colours, pixels, presence, unit

        return Block(unit(colours(pixels(name, read))) * presence(name, read))
