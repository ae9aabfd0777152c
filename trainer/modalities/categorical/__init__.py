"""Categories: one value or several of a closed set."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import Feature
from trainer.modalities.categorical.options import CategoricalOptions
from trainer.modalities.modality import Block, Division, Modality
from trainer.network.part import Embedded, Materials, Part
from trainer.preprocessing.column import Column

_VALUES = 16  # kept of a row where the schema sets no bound


class Categorical(Modality):
    """An embedding for each value, their mean for several."""

    name = "categorical"
    options = CategoricalOptions

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        yield Column(feature.name, feature.name, "int32", (feature.max_values or _VALUES,))

    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """See `Modality`."""
        from trainer.modalities.categorical.preprocess import indices

        return {feature.name: indices(column, feature.name, feature.max_values or _VALUES,
                                      options["vocabulary"])}

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        def build(materials: Materials):
            from trainer.modalities.categorical.tower import tower

            return tower(feature, materials)

        yield Part(feature.name, feature.side, f"the column {feature.name!r}", build,
                   gradient=(Embedded(feature.name),))

    def vocabularies(self, feature: Feature, options: Any) -> list[str]:
        """See `Modality`."""
        return [feature.name]

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from keras import ops

        from trainer.modalities.blocks import unit

        return Block(unit(ops.cast(read[name] > 0, "float32")), read[name])

    def divide(self, values: list) -> Iterator[Division]:
        """See `Modality`."""
        from trainer.modalities.categorical.explain import divide

        return divide(values)

    def shares(self, name: str, values: list, found: Mapping[str, Any],
               options: Any) -> Iterator[tuple[str, Any, float]]:
        """See `Modality`."""
        from trainer.modalities.categorical.explain import shares

        return shares(name, values, found)
