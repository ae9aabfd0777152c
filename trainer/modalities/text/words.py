"""Text to words and runs of words, in any script, with stock TensorFlow operations."""

import tensorflow as tf

# Scripts that put no spaces between words: each character is a word of its own.
_UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}])"
_NO_WORD = r"[^\p{L}\p{M}\p{N}]+"


def words(text: tf.Tensor) -> tf.RaggedTensor:
    """Splits texts into lower-case words.

    Args:
      text: Strings in UTF-8, `(batch,)`; invalid bytes are replaced.

    Returns:
      Words, `(batch, None)`. Punctuation is dropped; in Chinese and Japanese every character is
      a word.

    Example:
      `words(["Ein Zimmer, 三国"])` is `[["ein", "zimmer", "三", "国"]]`.
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.lower(text, encoding="utf-8")
    text = tf.strings.regex_replace(text, _UNSPACED, r" \1 ")
    text = tf.strings.regex_replace(text, _NO_WORD, " ")
    return tf.strings.split(tf.strings.strip(text))


def heaviest(
    ids: tf.SparseTensor, weights: tf.SparseTensor, count: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Keeps the words that distinguish a text from the others.

    Args:
      ids: Distinct words of each text, int64 `(batch, None)`, 0 for none.
      weights: Their TF-IDF weights, float32 `(batch, None)`.
      count: Words to keep.

    Returns:
      Words and weights by falling weight, both `(batch, count)`; 0 where there are fewer.
    """
    dense_weights = tf.sparse.to_dense(weights)
    missing = tf.maximum(count - tf.shape(dense_weights)[1], 0)
    padding = [[0, 0], [0, missing]]
    top, place = tf.math.top_k(tf.pad(dense_weights, padding), k=count)
    words_kept = tf.gather(tf.pad(tf.sparse.to_dense(ids), padding), place, batch_dims=1)
    return tf.ensure_shape(words_kept, (None, count)), tf.ensure_shape(top, (None, count))


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
    matches = tf.strings.regex_full_match(words.flat_values, "|".join(left_out))
    return tf.ragged.boolean_mask(words, words.with_flat_values(tf.logical_not(matches)))
