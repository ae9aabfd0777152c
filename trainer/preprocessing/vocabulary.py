"""The terms that a model knows: the most frequent ones that enough rows have."""

import tensorflow as tf
import tensorflow_transform as tft


def fit_vocabulary(terms: tf.SparseTensor, name: str, most: int, rows: int,
                   said_before: tf.SparseTensor | None = None) -> tf.Tensor:
    """Fits a vocabulary, the most frequent term first.

    Args:
      terms: Terms of each row, strings `(batch, any)`.
      name: Name of its file.
      most: Terms in it.
      rows: Rows that must have a term; each counts once. No frequency is looked at where it is 1.
      said_before: Terms that do not count in a row, `(batch, any)`.

    Returns:
      The file, for `tft.apply_vocabulary`.
    """
    if rows == 1:
        return tft.vocabulary(terms, top_k=most, vocab_filename=name)
    # Both are sets: a row that repeats a term has it once.
    once = tf.sets.union(terms, terms) if said_before is None \
        else tf.sets.difference(terms, said_before)
    return tft.vocabulary(once, top_k=most, frequency_threshold=rows, vocab_filename=name)
