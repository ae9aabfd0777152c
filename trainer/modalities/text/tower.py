"""The towers of texts, and what is beside them."""

from typing import Any

from keras import ops

from schemas import Feature
from trainer.layers.text_towers import TEXT_TOWERS
from trainer.layers.towers import NumericTower
from trainer.modalities.modality import modality_of
from trainer.modalities.text import names
from trainer.modalities.text.augment import varied_terms, varied_tokens
from trainer.modalities.text.options import Tfidf
from trainer.options import look_up
from trainer.parts.part import Built, Materials
from trainer.preprocessing import columns


def tower(feature: Feature, materials: Materials, options: Any) -> Built:
    """Builds the tower that the options name.

    Args:
      feature: The text.
      materials: What the network gives to build it from.
      options: What the recipe says of texts.
    """
    inputs, way, name = materials.inputs, options.tower, f"{materials.side}_{feature.name}"
    weighs = isinstance(way, Tfidf)
    sizes = [materials.table.vocabularies[each]
             for each in modality_of(feature).vocabularies(feature, options)]
    build = look_up(TEXT_TOWERS, way.name, "text tower")
    layer = build(materials.dim, sizes if weighs else sizes[0],
                  dropout=materials.dropout, name=name)
    if not weighs:
        return Built(layer, *layer(varied_tokens(inputs[feature.name], way, name)))
    terms = [(inputs[names.tfidf_ids(feature.name)], inputs[names.tfidf(feature.name)])]
    if options.characters:
        terms.append((inputs[names.characters_ids(feature.name)],
                      inputs[names.characters(feature.name)]))
    terms = varied_terms(terms, way, name)
    return Built(layer, *layer(tuple(each for pair in terms for each in pair)))


def _topics(feature: Feature, materials: Materials) -> Built:
    shares = materials.inputs[names.topics(feature.name)]
    pair = shares, ops.cast(ops.sum(shares, axis=1) > 0.5, "float32")
    return _numbers(f"{materials.side}_{feature.name}_topics", pair, materials)


def _sentiment(feature: Feature, materials: Materials) -> Built:
    pair = (materials.inputs[names.sentiment(feature.name)],
            materials.inputs[columns.present(feature.name)])
    return _numbers(f"{materials.side}_{feature.name}_sentiment", pair, materials)


def _numbers(name: str, pair: tuple, materials: Materials) -> Built:
    layer = NumericTower(materials.dim, dropout=materials.dropout, name=name)
    return Built(layer, *layer(pair))


ASPECTS = {"topics": _topics, "sentiment": _sentiment}
