"""Texts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas import Feature
from trainer.modalities.modality import Block, Division, Modality
from trainer.modalities.presence import zeros
from trainer.modalities.text import explain
from trainer.modalities.text.options import TextOptions, Tfidf
from trainer.network.part import Embedded, Materials, Numbers, Part
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column


class Text(Modality):
    """The words of a text, in order or weighted; and beside them its topics and its sentiment."""

    name = "text"
    options = TextOptions
    divisible = True

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        from trainer.modalities.text.preprocess import declared

        return declared(feature, options)

    def preprocess(self, column: Any, feature: Feature,
                   options: Mapping[str, Any]) -> dict[str, Any]:
        """See `Modality`."""
        from trainer.modalities.text.preprocess import text_columns

        return text_columns(column, feature, **options)

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        name, side = feature.name, feature.side

        def build(materials: Materials):
            from trainer.modalities.text.tower import tower

            return tower(feature, materials, options, self.vocabularies(feature, options))

        named: tuple[Callable[[str], str], ...] = (str, columns.characters)
        embedded = zip(named, self.vocabularies(feature, options), strict=False)
        yield Part(name, side, f"the column {name!r}", build,
                   gradient=tuple(Embedded(vocabulary, column) for column, vocabulary in embedded))
        if options.topics:
            yield _aspect(feature, "topics", Numbers(explain.equal_shares))
        if options.sentiment:
            yield _aspect(feature, "sentiment", Numbers(zeros))

    def unread(self, feature: Feature, options: Any) -> set[str]:
        """See `Modality`."""
        if _weighs_terms(options):
            return {feature.name}
        return {named(feature.name) for named in (
            columns.tfidf_ids, columns.tfidf, columns.characters_ids, columns.characters)}

    def vocabularies(self, feature: Feature, options: Any) -> list[str]:
        """See `Modality`."""
        if not _weighs_terms(options):
            return [feature.name]
        names = [columns.term_vocabulary(feature.name, options.words)]
        return [*names, columns.characters_ids(feature.name)] if options.characters else names

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import unit

        return Block(unit(read[columns.tfidf(name)]), read[columns.tfidf_ids(name)])

    def divide(self, values: list) -> Iterator[Division]:
        """See `Modality`."""
        return explain.divide(values)

    def shares(self, name: str, values: list, found: Mapping[str, Any],
               options: Any) -> Iterator[tuple[str, Any, float]]:
        """See `Modality`."""
        return explain.shares(name, values, found)

    def encoder_input(self) -> Any:
        """See `Modality`."""
        from trainer.modalities.text.encode import INPUT

        return INPUT

    def show(self, values: list, tints: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
        """See `Modality`."""
        return explain.show(values, tints)


def _weighs_terms(options: Any) -> bool:
    return isinstance(options.tower, Tfidf)


def _aspect(feature: Feature, aspect: str, numbers: Numbers) -> Part:
    """Plans what is beside the tower, a part of its own."""
    def build(materials: Materials):
        from trainer.modalities.text.tower import ASPECTS

        return ASPECTS[aspect](feature, materials)

    return Part(f"{feature.name}_{aspect}", feature.side, f"the {aspect} of {feature.name!r}",
                build, gradient=(numbers,))
