"""Losses over classes, and over the whole catalogue."""

from keras import ops

from trainer.layers.losses import NEVER


def class_crossentropy(logits, label):
    """Returns the cross-entropy of a softmax of each row, `(batch,)`.

    Args:
      logits: `(batch, classes)`.
      label: Place of the class, float `(batch,)`.
    """
    own = ops.take_along_axis(logits, ops.cast(label, "int32")[:, None], axis=1)[:, 0]
    return ops.logsumexp(logits, axis=1) - own


def catalogue_softmax(query, candidates, weight, index, temperature=1.0):
    """The softmax loss over all items; its cost grows with their number.

    Args:
      query: `(batch, dim)`.
      candidates: The vectors of all items, `(items, dim)`; index 0, the unknown one, is left out.
      weight: `(batch,)`; 0 for a row that is no positive example.
      index: Each row's item, `(batch,)`; a row of the unknown item does not count.
      temperature: Divides the logits.

    Returns:
      The weighted mean of the rows' losses, a scalar.
    """
    logits = ops.matmul(query, ops.transpose(candidates)) / temperature
    unknown = ops.arange(candidates.shape[0]) == 0
    logits = ops.where(unknown[None, :], NEVER, logits)
    weight = weight * ops.cast(index > 0, weight.dtype)
    own = ops.take_along_axis(logits, index[:, None], axis=1)[:, 0]
    rows = ops.where(weight > 0, ops.logsumexp(logits, axis=1) - own, 0.0)
    return ops.sum(weight * rows) / ops.maximum(ops.sum(weight), 1.0)
