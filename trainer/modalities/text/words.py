"""Text to words, in any script, with stock TensorFlow operations."""

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
    """Keeps the words that tell a text from the others.

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
