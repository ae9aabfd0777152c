"""Categories to indices of a vocabulary."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from schemas import Feature
from trainer.modalities.categorical import VALUES
from trainer.preprocessing.raw import as_string, dense, fit_vocabulary


def preprocess(column: Any, feature: Feature, options: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Returns the indices of values, `(batch, values)`; 0 is no value, so that padding is none."""
    text = as_string(column)
    if isinstance(text, tf.Tensor):
        text = tf.sparse.from_dense(text)
    known = fit_vocabulary(text, feature.name, options["vocabulary"], feature.fewest_rows)
    index = tft.apply_vocabulary(text, known, num_oov_buckets=1)
    shifted = tf.SparseTensor(index.indices, index.values + 1, index.dense_shape)
    return {feature.name: dense(shifted, feature.max_values or VALUES, 0)}
