"""Losses of single rows, of numbers and of classes."""

from keras import ops

NEVER = -1e9


def in_batch_softmax(query, candidate, weight, probability, candidate_index, temperature=1.0,
                     hard_negatives=None):
    """The sampled softmax loss with the batch's own candidates as negatives.

    With the correction for how often a candidate is drawn, and without accidental hits: Yi et al.
    2019, "Sampling-bias-corrected neural modeling for large corpus item recommendations". It is
    the `keras.ops` twin of `tfrs.tasks.Retrieval`, for backends other than TensorFlow.

    Args:
      query: `(batch, dim)`.
      candidate: `(batch, dim)`; row i is the positive of query i.
      weight: `(batch,)`; 0 for a row that is no positive example.
      probability: Chance that a draw from the training rows gives the candidate, `(batch,)`.
      candidate_index: What identifies a candidate, `(batch,)`.
      temperature: Divides the logits.
      hard_negatives: How many negatives to keep for each query, those with the largest logits;
        all where `None`.

    Returns:
      The weighted sum of the rows' losses, a scalar.
    """
    logits = ops.matmul(query, ops.transpose(candidate)) / temperature
    logits = logits - ops.log(ops.clip(probability, 1e-6, 1.0))[None, :]
    batch = ops.shape(logits)[0]
    same = ops.equal(candidate_index[:, None], candidate_index[None, :])
    other = ops.logical_not(ops.cast(ops.eye(batch), "bool"))
    logits = ops.where(ops.logical_and(same, other), NEVER, logits)
    positive = ops.diagonal(logits)
    if hard_negatives is not None:
        logits = _with_hardest(logits, positive, other, hard_negatives)
    return ops.sum(weight * (ops.logsumexp(logits, axis=1) - positive))


def _with_hardest(logits, positive, negative, number):
    """Returns the positive and the largest negative logits, `(batch, 1 + number)`."""
    batch = logits.shape[1]
    # A batch of unknown size is TensorFlow's alone, where `number` may be a tensor.
    number = min(number, batch) if batch else ops.minimum(number, ops.shape(logits)[1])
    hardest = ops.top_k(ops.where(negative, logits, NEVER), number, sorted=False)[0]
    return ops.concatenate([positive[:, None], hardest], axis=1)


def masked_mean(loss, known):
    """Averages a row-wise loss over the rows that have a label.

    Args:
      loss: `(batch,)`, anything where `known` is 0.
      known: 1 or 0, `(batch,)`.

    Returns:
      A scalar, 0 where no row has a label.
    """
    return ops.sum(ops.where(known > 0, loss, 0.0)) / ops.maximum(ops.sum(known), 1.0)


def labelled_mean(loss, prediction, label):
    """Averages a loss over what has a label.

    Args:
      loss: Takes prediction and label, and returns a loss for each label.
      prediction: `(batch, ...)`.
      label: `(batch,)`, or `(batch, labels)`; NaN where a row has none.

    Returns:
      A scalar, 0 where no row has a label.
    """
    known = ops.cast(ops.logical_not(ops.isnan(label)), "float32")
    return masked_mean(loss(prediction, ops.where(known > 0, label, 0.0)), known)


def positive_weight(index, label=None, event=None):
    """Returns how much each row counts as a positive example, `(batch,)`.

    Args:
      index: The row's item, `(batch,)`.
      label: 1 for a positive row, NaN or 0 for another, `(batch,)`; every row is positive where
        `None`.
      event: The weight of the row's type of event, `(batch,)`; 1 where `None`.
    """
    weight = ops.ones_like(index, dtype="float32")
    if label is not None:
        weight = ops.where(ops.isnan(label), 0.0, label)
    return weight if event is None else weight * event


def squared_error(prediction, label):
    """Returns the squared error of each row, `(batch,)`."""
    return ops.square(prediction - label)


def binary_crossentropy(logit, label):
    """Returns the cross-entropy of each row, in the shape of both, from logits."""
    # The backend's own: a sum of maximum and absolute value has a wrong slope at logit 0.
    return ops.binary_crossentropy(label, logit, from_logits=True)


def click_loss(logit, weight, unseen):
    """The cross-entropy of an event against items that the user has no event with.

    Args:
      logit: `(batch, 1 + others)`; the first column is the event's own item.
      weight: How much each event counts, `(batch,)`; 0 for a row that is no positive example.
      unseen: Indices of the other items, `(batch, others)`; 0 where there is none.

    Returns:
      The mean over all items compared, a scalar.
    """
    own = ops.ones_like(logit[:, :1])
    known = ops.concatenate([own, ops.cast(ops.not_equal(unseen, 0), own.dtype)], axis=1)
    label = ops.concatenate([own, ops.zeros_like(logit[:, 1:])], axis=1)
    known = known * weight[:, None]
    loss = binary_crossentropy(logit, label)
    return ops.sum(loss * known) / ops.maximum(ops.sum(known), 1.0)


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
