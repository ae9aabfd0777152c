"""Towers for the texts of a table, and the columns that they read."""

from keras import ops

from schemas import Feature
from trainer.layers.registry import look_up
from trainer.layers.text import TEXT_TOWERS
from trainer.layers.text.noise import TermNoise, WordNoise
from trainer.layers.towers import NumericTower
from trainer.preprocessing import columns
from trainer.recipe import Recipe


def columns_not_read(feature: Feature, recipe: Recipe) -> set[str]:
    """Returns the columns of a text that the recipe's tower leaves aside."""
    if isinstance(recipe.modalities["text"].tower, Tfidf):
        return {feature.name}
    return {named(feature.name) for named in (
        columns.tfidf_ids, columns.tfidf, columns.characters_ids, columns.characters)}


def text_vocabularies(feature: Feature, recipe: Recipe, transform) -> dict[str, int]:
    """Returns the number of indices of each vocabulary that the recipe's tower reads.

    Args:
      feature: The text.
      recipe: The tower, and what Transform was told.
      transform: The output of the table's transform, a `TFTransformOutput`.

    Returns:
      Padding, the words or terms, and one unknown word, by the name of the vocabulary.
    """
    return {name: transform.vocabulary_size_by_name(name) + 2
            for name in _vocabularies(feature, recipe)}


def text_tower(feature: Feature, recipe: Recipe, side, inputs, name: str) -> tuple:
    """Builds the tower that the recipe names.

    Args:
      feature: The text.
      recipe: The tower and its options.
      side: What the model holds of the table.
      inputs: The content inputs by column.
      name: The tower's name.

    Returns:
      A vector `(batch, dim)` and a flag `(batch,)`.
    """
    kind, noise = recipe.model.towers.text, recipe.training.augmentation.text
    sizes = [side.vocabularies[each] for each in _vocabularies(feature, recipe)]
    build = look_up(TEXT_TOWERS, kind, "text tower")
    tower = build(recipe.model.dim, sizes if kind == "tfidf" else sizes[0],
                  dropout=recipe.model.dropout, name=name)
    if kind != "tfidf":
        tokens = inputs[feature.name]
        if noise.hidden or noise.swapped:
            tokens = WordNoise(noise.hidden, noise.swapped, name=f"{name}_noise")(tokens)
        return tower(tokens)
    terms = [(inputs[columns.tfidf_ids(feature.name)], inputs[columns.tfidf(feature.name)])]
    if recipe.preprocessing.text.characters:
        terms.append((inputs[columns.characters_ids(feature.name)],
                      inputs[columns.characters(feature.name)]))
    if noise.hidden:
        terms = [TermNoise(noise.hidden, name=f"{name}_noise_{number}")(pair)
                 for number, pair in enumerate(terms)]
    return tower(tuple(each for pair in terms for each in pair))


def text_aspects(feature: Feature, recipe: Recipe, inputs, name: str) -> dict[str, tuple]:
    """Builds what stands beside the tower: the topics and the sentiment, each a part of its own.

    Args:
      feature: The text.
      recipe: Which of them there are.
      inputs: The content inputs by column.
      name: The tower's name.

    Returns:
      A vector `(batch, dim)` and a flag `(batch,)` by the name of the part.
    """
    options, parts = recipe.preprocessing.text, {}
    if options.topics:
        shares = inputs[columns.topics(feature.name)]
        parts["topics"] = shares, ops.cast(ops.sum(shares, axis=1) > 0.5, "float32")
    if options.sentiment:
        parts["sentiment"] = (inputs[columns.sentiment(feature.name)],
                              inputs[columns.present(feature.name)])
    return {
        f"{feature.name}_{aspect}": NumericTower(
            recipe.model.dim, dropout=recipe.model.dropout, name=f"{name}_{aspect}")(pair)
        for aspect, pair in parts.items()
    }


def _vocabularies(feature: Feature, recipe: Recipe) -> list[str]:
    options = recipe.preprocessing.text
    if recipe.model.towers.text != "tfidf":
        return [feature.name]
    names = [columns.term_vocabulary(feature.name, options.words)]
    return [*names, columns.characters_ids(feature.name)] if options.characters else names
