"""Losses over one batch; rows without a label do not count."""

import keras
from keras import ops

_NEVER = -1e9


def in_batch_softmax(query, candidate, weight, probability, candidate_index, temperature=1.0):
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

    Returns:
      The weighted sum of the rows' losses, a scalar.
    """
    logits = ops.matmul(query, ops.transpose(candidate)) / temperature
    logits = logits - ops.log(ops.clip(probability, 1e-6, 1.0))[None, :]
    batch = ops.shape(logits)[0]
    same = ops.equal(candidate_index[:, None], candidate_index[None, :])
    other = ops.logical_not(ops.cast(ops.eye(batch), "bool"))
    logits = ops.where(ops.logical_and(same, other), _NEVER, logits)
    positive = ops.diagonal(logits)
    return ops.sum(weight * (ops.logsumexp(logits, axis=1) - positive))


def masked_mean(loss, known):
    """Averages a row-wise loss over the rows that have a label.

    Args:
      loss: `(batch,)`, anything where `known` is 0.
      known: 1 or 0, `(batch,)`.

    Returns:
      A scalar, 0 where no row has a label.
    """
    return ops.sum(ops.where(known > 0, loss, 0.0)) / ops.maximum(ops.sum(known), 1.0)


def squared_error(prediction, label):
    """Returns the squared error of each row, `(batch,)`."""
    return ops.square(prediction - label)


def binary_crossentropy(logit, label):
    """Returns the cross-entropy of each row, `(batch,)`, from logits."""
    return ops.maximum(logit, 0.0) - logit * label + ops.log1p(ops.exp(-ops.abs(logit)))


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


@keras.saving.register_keras_serializable("tessera")
class UncertaintyBalance(keras.layers.Layer):
    """Weighs losses by learned uncertainty (Kendall et al. 2018, arXiv:1705.07115).

    Args:
      tasks: Names of the tasks.
    """

    def __init__(self, tasks: list[str], **kwargs):
        super().__init__(autocast=False, **kwargs)  # losses stay in float32
        self.tasks = list(tasks)

    def build(self):
        """Creates one log-variance for each task."""
        self.log_variance = self.add_weight(
            shape=(len(self.tasks),), initializer="zeros", name="log_variance", autocast=False
        )

    def call(self, losses):
        """Maps `{task: scalar}` to the total."""
        total = 0.0
        for position, task in enumerate(self.tasks):
            variance = self.log_variance[position]
            total = total + ops.exp(-variance) * losses[task] + variance / 2
        return total

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "tasks": self.tasks}


@keras.saving.register_keras_serializable("tessera")
class FixedBalance(keras.layers.Layer):
    """Weighs losses as the recipe says.

    Args:
      weights: A weight for each task.
    """

    def __init__(self, weights: dict[str, float], **kwargs):
        super().__init__(autocast=False, **kwargs)  # losses stay in float32
        self.weights_by_task = dict(weights)

    def call(self, losses):
        """Maps `{task: scalar}` to the total."""
        return sum(weight * losses[task] for task, weight in self.weights_by_task.items())

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "weights": self.weights_by_task}
