"""What TF-IDF counts in a text: words, runs of words, runs of characters."""

import tensorflow as tf


def word_ngrams(words: tf.RaggedTensor, longest: int) -> tf.RaggedTensor:
    """Returns runs of neighbouring words.

    Args:
      words: `(batch, None)`.
      longest: Words of the longest run.

    Returns:
      All runs of 1 to `longest` words, joined by spaces, `(batch, None)`.

    Example:
      Of `[["a", "red", "hat"]]`, 2 gives `[["a", "red", "hat", "a red", "red hat"]]`.
    """
    return tf.strings.ngrams(words, tuple(range(1, longest + 1)), separator=" ")


def character_ngrams(words: tf.RaggedTensor, shortest: int, longest: int) -> tf.RaggedTensor:
    """Returns runs of characters that cross no word's bounds.

    Args:
      words: `(batch, None)`.
      shortest: Characters of the shortest run, the mark `_` of a word's start and end included.
      longest: Characters of the longest run.

    Returns:
      `(batch, None)`; a word shorter than the shortest run is one run.

    Example:
      Of `[["hat"]]`, 3 and 4 give `[["_ha", "hat", "at_", "_hat", "hat_"]]`.
    """
    marked = tf.strings.join(["_", words.flat_values, "_"])
    characters = tf.strings.unicode_split(marked, "UTF-8")
    runs = tf.strings.ngrams(characters, tuple(range(shortest, longest + 1)), separator="",
                             preserve_short_sequences=True)
    return words.with_flat_values(runs).merge_dims(1, 2)


def without(words: tf.RaggedTensor, left_out: list[str]) -> tf.RaggedTensor:
    """Returns texts without some words, `(batch, None)`.

    Args:
      words: `(batch, None)`.
      left_out: Words of letters, marks and digits alone.
    """
    # A pattern is part of the graph; a look-up table would be a resource to carry along.
    found = tf.strings.regex_full_match(words.flat_values, "|".join(left_out))
    return tf.ragged.boolean_mask(words, words.with_flat_values(tf.logical_not(found)))
