"""Categories: one value or several of a closed set."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from schemas.modality import raw_modality
from trainer.modalities.categorical.options import CategoricalOptions
from trainer.modalities.modality import Block, Modality
from trainer.parts.part import Embedded, Part
from trainer.preprocessing.column import Column

VALUES = 16  # kept of a row where the schema sets no bound


class Categorical(Modality):
    """An embedding for each value, their mean for several."""

    raw = raw_modality("categorical")
    options = CategoricalOptions

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        yield Column(feature.name, feature.name, "int32", (feature.max_values or VALUES,))

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        yield self.tower(feature, options, Embedded(feature.name))

    def vocabularies(self, feature: Feature, options: Any) -> list[str]:
        """See `Modality`."""
        return [feature.name]

    def bag(self, feature: Feature, options: Any) -> str:
        """See `Modality`."""
        return feature.name

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import indicators

        return Block(indicators(read[name]), read[name])
