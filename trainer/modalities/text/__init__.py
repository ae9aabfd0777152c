"""Texts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas import Feature
from schemas.modality import raw_modality
from trainer.modalities.modality import Block, Modality, zeros
from trainer.modalities.text.names import (
    characters,
    characters_ids,
    term_vocabulary,
    tfidf,
    tfidf_ids,
)
from trainer.modalities.text.options import TextOptions, Tfidf
from trainer.parts.part import Embedded, Numbers, Part
from trainer.preprocessing.column import Column


class Text(Modality):
    """The words of a text, in order or weighted; and beside them its topics and its sentiment."""

    raw = raw_modality("text")
    options = TextOptions
    divisible = True

    def columns(self, feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
        """See `Modality`."""
        return self.file("preprocess").declared(feature, options)

    def parts(self, feature: Feature, options: Any) -> Iterator[Part]:
        """See `Modality`."""
        named: tuple[Callable[[str], str], ...] = (str, characters)
        embedded = zip(self.vocabularies(feature, options), named, strict=False)
        yield self.tower(feature, options, *(Embedded(*each) for each in embedded))
        if options.topics:
            equal = Numbers(lambda topics: self.file("explain").equal_shares(topics))
            yield self._aspect(feature, "topics", equal)
        if options.sentiment:
            yield self._aspect(feature, "sentiment", Numbers(zeros))

    def unread(self, feature: Feature, options: Any) -> set[str]:
        """See `Modality`."""
        if isinstance(options.tower, Tfidf):
            return {feature.name}
        return {named(feature.name) for named in (
            tfidf_ids, tfidf, characters_ids, characters)}

    def vocabularies(self, feature: Feature, options: Any) -> list[str]:
        """See `Modality`."""
        if not isinstance(options.tower, Tfidf):
            return [feature.name]
        names = [self.bag(feature, options)]
        return [*names, characters_ids(feature.name)] if options.characters else names

    def bag(self, feature: Feature, options: Any) -> str:
        """See `Modality`."""
        return term_vocabulary(feature.name, options.words)

    def block(self, name: str, read: Mapping[str, Any]) -> Block:
        """See `Modality`."""
        from trainer.modalities.blocks import unit

        return Block(unit(read[tfidf(name)]), read[tfidf_ids(name)])

    def _aspect(self, feature: Feature, aspect: str, numbers: Numbers) -> Part:
        """Plans what is beside the tower, a part of its own."""
        return Part(f"{feature.name}_{aspect}", feature.side,
                    f"the {aspect} of {feature.name!r}",
                    lambda materials: self.file("tower").ASPECTS[aspect](feature, materials),
                    gradient=(numbers,))
