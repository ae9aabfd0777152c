"""The retrieval loss on the TensorFlow backend: the Retrieval task of TensorFlow Recommenders."""

import functools
from collections.abc import Callable

import tensorflow as tf
import tensorflow_recommenders as tfrs


def tfrs_in_batch_softmax(query, candidate, weight, probability, candidate_index, temperature=1.0,
                          hard_negatives=None):
    """The sampled softmax loss of `trainer.layers.losses.in_batch_softmax`, by TFRS.

    Args:
      query: float32 `(batch, dim)`.
      candidate: float32 `(batch, dim)`; row i is the positive of query i.
      weight: float32 `(batch,)`; 0 for a row that is no positive example.
      probability: Chance that a draw from the training rows gives the candidate, `(batch,)`.
      candidate_index: What identifies a candidate, `(batch,)`.
      temperature: Divides the logits.
      hard_negatives: How many negatives to keep for each query; all where `None`.

    Returns:
      The weighted sum of the rows' losses, a float32 scalar.
    """
    loss = _retrieval(temperature, hard_negatives)
    return loss(query, candidate, sample_weight=weight, candidate_sampling_probability=probability,
                candidate_ids=candidate_index, compute_metrics=False)


@functools.cache
def _retrieval(temperature: float, hard_negatives: int | None) -> Callable[..., tf.Tensor]:
    task = tfrs.tasks.Retrieval(temperature=temperature, remove_accidental_hits=True,
                                num_hard_negatives=hard_negatives)
    # The task asks for the length of a symbolic shape, which autograph allows and Keras 3 does not
    # apply to a training step. To convert all of tf_keras beneath it would take 7 s once.
    call = tf.autograph.to_graph(tfrs.tasks.Retrieval.call, recursive=False)
    return functools.partial(call, task)
