"""Pictures."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from trainer.modalities.image import explain
from trainer.modalities.image.options import ImageOptions
from trainer.modalities.modality import Block, Division, Modality
from trainer.modalities.presence import present_column
from trainer.network.part import Materials, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column


class Image(Modality):
    """A picture, shrunk to a few pixels."""

    name = "image"
    options = ImageOptions
    divisible = True
    pictured = True

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        yield Column(feature.name, feature.name, "uint8", (options["height"], options["width"], 3))
        yield present_column(feature)

    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """See `Modality`."""
        from trainer.modalities.image.preprocess import small_pictures

        pixels, present = small_pictures(column, **options)
        return {feature.name: pixels, columns.present(feature.name): present}

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        def build(materials: Materials):
            from trainer.modalities.image.tower import tower

            return tower(feature, materials, options)

        # A patch is one visual word or another, and no gradient tells how nearly.
        stepped = options.tower.name == "visual_words"
        yield Part(feature.name, feature.side, f"the column {feature.name!r}", build,
                   gradient=() if stepped else (Numbers(explain.grey, 3),))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import colours, pixels, presence, unit

        return Block(unit(colours(pixels(name, read))) * presence(name, read))

    def divide(self, values: list) -> Iterator[Division]:
        """See `Modality`."""
        return explain.divide(values)

    def shares(self, name: str, values: list, found: Mapping[str, Any],
               options: Any) -> Iterator[tuple[str, Any, float]]:
        """See `Modality`."""
        return explain.shares(found[name])

    def picture(self, value: bytes) -> Any:
        """See `Modality`."""
        return explain.picture(value)

    def encoder_input(self) -> Any:
        """See `Modality`."""
        from trainer.modalities.image.encode import INPUT

        return INPUT

    def show(self, values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
        """See `Modality`."""
        return explain.show(values, tints)
