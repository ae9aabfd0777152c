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
