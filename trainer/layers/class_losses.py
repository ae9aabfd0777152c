"""Losses over classes, over several labels, and over the whole catalogue."""

from keras import ops

from trainer.layers.losses import NEVER, binary_crossentropy, masked_mean


def multi_class_loss(logits, label):
    """The cross-entropy of a softmax.

    Args:
      logits: `(batch, classes)`.
      label: Place of the class, float `(batch,)`, NaN where a row has none.

    Returns:
      The mean over the rows that have a label, a scalar.
    """
    known = ops.cast(ops.logical_not(ops.isnan(label)), "float32")
    place = ops.cast(ops.where(known > 0, label, 0.0), "int32")
    own = ops.take_along_axis(logits, place[:, None], axis=1)[:, 0]
    return masked_mean(ops.logsumexp(logits, axis=1) - own, known)


def multi_label_loss(logits, labels):
    """The mean cross-entropy over every label that a row has.

    Args:
      logits: `(batch, labels)`.
      labels: 0 or 1, `(batch, labels)`, NaN where a row lacks one.

    Returns:
      A scalar.
    """
    known = ops.cast(ops.logical_not(ops.isnan(labels)), "float32")
    loss = binary_crossentropy(logits, ops.where(known > 0, labels, 0.0))
    return masked_mean(loss, known)


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
