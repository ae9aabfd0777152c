"""The columns of a text: token ids in order, weighted terms, topics, sentiment."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature
from trainer.modalities.text import names
from trainer.modalities.text.sentiment import WIDTH, Lexicon
from trainer.modalities.text.sentiment import sentiment as rate
from trainer.modalities.text.stop_words import stop_words_of
from trainer.modalities.text.topics import fitted_topics, topic_shares
from trainer.modalities.text.words import character_ngrams, heaviest, without, word_ngrams
from trainer.modalities.text.words import words as split_words
from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Purpose
from trainer.preprocessing.raw import dense, fit_vocabulary, one

# A word is about five characters: kept runs of characters for each kept word.
_RUNS_A_WORD = 4


def declared(feature: Feature, options: Mapping[str, Any]) -> Iterator[Column]:
    """Yields the columns that `text_columns` makes of a feature, given its options."""
    name, tokens = feature.name, options["tokens"]
    yield Column(name, name, "int32", (tokens,))
    yield Column(names.tfidf_ids(name), name, "int32", (tokens,))
    yield Column(names.tfidf(name), name, "float32", (tokens,))
    if options["characters"]:
        shape = (_RUNS_A_WORD * tokens,)
        yield Column(names.characters_ids(name), name, "int32", shape)
        yield Column(names.characters(name), name, "float32", shape)
    if options["topics"]:
        yield Column(names.topics(name), name, "float32", (options["topics"],))
    if options["sentiment"]:
        yield Column(names.sentiment(name), name, "float32", (WIDTH,))
        yield Column(columns.present(name), name, "float32", purpose=Purpose.PRESENT)


def preprocess(column: Any, feature: Feature, options: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Returns what the text towers read, see `text_columns`."""
    return text_columns(column, feature, **options)


def text_columns(
    column: Any, feature: Feature, tokens: int, vocabulary: int, words: int,
    characters: Sequence[int] | None, stop_words: str | Sequence[str] | None,
    topics: int | None, sentiment: bool,
) -> dict[str, tf.Tensor]:
    """Turns a column of texts into what the text towers read.

    Args:
      column: Raw texts.
      feature: What the schema says of them.
      tokens: Words kept of a text.
      vocabulary: Words, and terms of each kind, that are known.
      words: Words of the longest term.
      characters: Characters of the shortest and the longest term, or `None` for none.
      stop_words: A language or words to leave out of everything but the sentiment.
      topics: Number of topics, or `None` for none.
      sentiment: Whether to rate the text.

    Returns:
      Columns by name, see `trainer.modalities.text.names`.
    """
    name, text = feature.name, one(column)
    split = split_words(text)
    if stop_words:
        given = stop_words if isinstance(stop_words, str) else tuple(stop_words)
        split = without(split, stop_words_of(given))
    known = fit_vocabulary(split.to_sparse(), name, vocabulary, feature.fewest_rows)
    index = tft.apply_vocabulary(split.to_sparse(), known, num_oov_buckets=1)
    # 0 is padding and never a word.
    shifted = tf.SparseTensor(index.indices, index.values + 1, index.dense_shape)
    counted = shifted if words == 1 else _known(
        word_ngrams(split, words), vocabulary, names.tfidf_ids(name), feature.fewest_rows)
    ids, weights = _weighted(counted, vocabulary, tokens)
    outputs = {
        name: dense(shifted, tokens, 0),
        names.tfidf_ids(name): ids,
        names.tfidf(name): weights,
    }
    if characters:
        runs = _known(character_ngrams(split, *characters), vocabulary,
                      names.characters_ids(name), feature.fewest_rows)
        outputs[names.characters_ids(name)], outputs[names.characters(name)] = _weighted(
            runs, vocabulary, _RUNS_A_WORD * tokens)
    if topics:
        size = tft.experimental.get_vocabulary_size_by_name(names.term_vocabulary(name, words))
        listed = tf.sparse.to_dense(counted)
        fitted = fitted_topics(
            tf.where(listed <= size, listed, 0), topics, vocabulary + 2, tokens)
        outputs[names.topics(name)] = topic_shares(
            ids, tf.where(ids <= size, weights, 0.0), fitted)
    if sentiment:
        lexicon = tft.make_and_track_object(Lexicon, name=f"{name}_lexicon")
        outputs[names.sentiment(name)] = rate(text, lexicon)
        outputs[columns.present(name)] = tf.cast(split_words(text).row_lengths() > 0, tf.float32)
    return outputs


def _known(terms: tf.RaggedTensor, vocabulary: int, name: str, rows: int) -> tf.SparseTensor:
    """Returns the ids, from 1 on, of the known terms alone.

    Terms are so many that all unknown ones as one would outweigh the known.
    """
    index = tft.apply_vocabulary(
        terms.to_sparse(), fit_vocabulary(terms.to_sparse(), name, vocabulary, rows))
    retained = tf.sparse.retain(index, index.values >= 0)
    return tf.SparseTensor(retained.indices, retained.values + 1, retained.dense_shape)


def _weighted(ids: tf.SparseTensor, vocabulary: int, count: int) -> tuple[tf.Tensor, tf.Tensor]:
    # Index 0 is padding, and there may be an unknown word: two more than the vocabulary's size.
    distinct, weights = tft.tfidf(ids, vocab_size=vocabulary + 2)
    return heaviest(distinct, weights, count)
