"""Numbers: one a row."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from schemas.modality import raw_modality
from trainer.modalities.modality import Block, Modality, present_column, zeros
from trainer.modalities.numeric.options import NumericOptions
from trainer.parts.part import Numbers, Part
from trainer.preprocessing.column import Column


class Numeric(Modality):
    """A number on the scale of its column: minus the mean, by the deviation."""

    raw = raw_modality("numeric")
    options = NumericOptions

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        yield Column(feature.name, feature.name, "float32")
        yield present_column(feature)

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        yield self.tower(feature, options, Numbers(zeros))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import bounded, presence

        present = presence(name, read)
        return Block(bounded(read[name]) * present, present=present)
