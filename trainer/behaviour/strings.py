"""Histories of strings: the types of a user's events, and the reviews the user wrote.

A row's own review is never an input: it becomes columns of an outcome (`event__`), from which
later rows' histories and the items' reviews are made.
"""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import FeatureSpec
from trainer.behaviour.past import Past, past_strings, past_text, past_type
from trainer.modalities.text.words import words
from trainer.preprocessing import columns
from trainer.preprocessing.raw import dense, fit_vocabulary, one

Tensors = dict[str, tf.Tensor]


def string_columns(inputs: dict[str, Any], spec: FeatureSpec, past: Past) -> Tensors:
    """Turns types and reviews of earlier events into indices.

    The vocabularies are those of the rows that Transform analyzes, which are training rows.

    Args:
      inputs: Raw columns of the interactions.
      spec: The dataset's spec.
      past: What the recipe reads.

    Returns:
      Indices, the histories' strings as a request would bring them, and what each event adds.
    """
    outputs: Tensors = {}
    histories = spec.histories()
    length = int(histories["item_id"].max_values or 0)
    own = {what: one(inputs[spec.history_source(what).name]) for what in past_strings(spec, past)}
    for what, text in own.items():
        sent = dense(inputs[histories[what].name], history_width(spec, what), "")
        outputs[columns.sent(what)] = dense(sent, length, "")
        outputs[columns.event_value(what)] = text
    if kind := past_type(spec, past):
        vocabulary = tft.vocabulary(own[kind], vocab_filename=columns.TYPES)
        outputs[columns.PAST_TYPE] = tft.apply_vocabulary(
            outputs[columns.sent(kind)], vocabulary, default_value=-1) + 1
    if review := past_text(spec, past):
        texts = {columns.PAST_WORDS: joined(outputs[columns.sent(review)]),
                 columns.EVENT_WORDS: own[review]}
        # What its author said before is not said by one person more.
        vocabulary = fit_vocabulary(words(own[review]).to_sparse(), columns.WORDS, past.vocabulary,
                                    spec.history_source(review).fewest_rows,
                                    words(texts[columns.PAST_WORDS]).to_sparse())
        for name, text in texts.items():
            index = tft.apply_vocabulary(
                words(text).to_sparse(), vocabulary, num_oov_buckets=1)
            shifted = tf.SparseTensor(index.indices, index.values + 1, index.dense_shape)
            outputs[name] = dense(shifted, past.words, 0)
    return outputs


def history_width(spec: FeatureSpec, what: str) -> int:
    """Returns how many events a history of strings reaches back, at most those of the items."""
    histories = spec.histories()
    return min(int(histories[what].max_values or 0), int(histories["item_id"].max_values or 0))


def joined(texts: tf.Tensor) -> tf.Tensor:
    """Joins the texts of each row, `(batch, length)` to `(batch,)`, the newest first."""
    return tf.strings.reduce_join(texts, axis=1, separator=" ")


def past_vocabularies(
    spec: FeatureSpec, past: Past, transform: tft.TFTransformOutput
) -> dict[str, int]:
    """Returns the number of indices of event types and of words, by vocabulary."""
    sizes = {}
    if past_type(spec, past):
        sizes[columns.TYPES] = transform.vocabulary_size_by_name(columns.TYPES) + 1
    if past_text(spec, past):
        # Padding, the words, one unknown word.
        sizes[columns.WORDS] = transform.vocabulary_size_by_name(columns.WORDS) + 2
    return sizes
