"""Videos."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from trainer.modalities.image.explain import grey
from trainer.modalities.modality import Block, Division, Modality
from trainer.modalities.presence import present_column
from trainer.modalities.video import explain
from trainer.modalities.video.options import VideoOptions
from trainer.network.part import Materials, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column


class Video(Modality):
    """A few small frames of a film."""

    name = "video"
    options = VideoOptions
    divisible = True
    pictured = True

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        shape = options["frames"], options["height"], options["width"], 3
        yield Column(feature.name, feature.name, "uint8", shape)
        yield present_column(feature)

    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """See `Modality`."""
        from trainer.modalities.video.preprocess import small_frames
        from trainer.preprocessing.raw import one

        pixels, present = small_frames(one(column), **options)
        return {feature.name: pixels, columns.present(feature.name): present}

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        def build(materials: Materials):
            from trainer.modalities.video.tower import tower

            return tower(feature, materials, options)

        yield Part(feature.name, feature.side, f"the column {feature.name!r}", build,
                   gradient=(Numbers(grey, 2),))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from keras import ops

        from trainer.modalities.blocks import colours, pixels, presence, unit

        return Block(unit(colours(ops.mean(pixels(name, read), axis=1))) * presence(name, read))

    def divide(self, values: list) -> Iterator[Division]:
        """See `Modality`."""
        return explain.divide(values)

    def shares(self, name: str, values: list, found: Mapping[str, Any],
               options: Any) -> Iterator[tuple[str, Any, float]]:
        """See `Modality`."""
        return explain.shares(found[name])

    def picture(self, value: bytes) -> Any:
        """See `Modality`."""
        return explain.middle_frame(value)

    def show(self, values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
        """See `Modality`."""
        return explain.show(values, tints)
