"""Numbers: one a row."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from trainer.modalities.modality import Block, Modality
from trainer.modalities.numeric.options import NumericOptions
from trainer.modalities.presence import present_column, zeros
from trainer.network.part import Materials, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column


class Numeric(Modality):
    """A number on the scale of its column: minus the mean, by the deviation."""

    name = "numeric"
    options = NumericOptions

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        yield Column(feature.name, feature.name, "float32")
        yield present_column(feature)

    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """See `Modality`."""
        from trainer.modalities.numeric.preprocess import standard

        value, present = standard(column)
        return {feature.name: value, columns.present(feature.name): present}

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        def build(materials: Materials):
            from trainer.modalities.numeric.tower import tower

            return tower(feature, materials)

        yield Part(feature.name, feature.side, f"the column {feature.name!r}", build,
                   gradient=(Numbers(zeros),))

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from keras import ops

        from trainer.modalities.blocks import presence

        return Block(ops.tanh(ops.cast(read[name], "float32"))[:, None] * presence(name, read))
