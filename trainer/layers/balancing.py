"""Balancing: the tasks' losses, or their gradients, to one."""

from collections.abc import Iterable

import keras
from keras import ops


@keras.saving.register_keras_serializable("tessera")
class UncertaintyBalance(keras.layers.Layer):
    """Weighs losses by learned uncertainty (Kendall et al. 2018, arXiv:1705.07115).

    Args:
      tasks: Names of the tasks.
    """

    def __init__(self, tasks: Iterable[str], **kwargs):
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


class GradientBalance(FixedBalance):
    """Base of what balances the tasks' gradients, and not only their losses.

    The gradients of weights that at least two tasks reach are balanced; where one task alone has
    a gradient, it keeps its weight. All that a balance needs to know of the gradients is the
    matrix of their inner products: whatever it makes of them is a sum of them. Balancing adds no
    loss, so `call` serves the logs: the losses' sum by weight.
    """

    def combine(self, losses, gradients):
        """Joins the tasks' gradients.

        Args:
          losses: The tasks' losses, `(tasks,)`.
          gradients: For each weight of the model, the gradients of all tasks,
            `(tasks, *weight shape)`, in the order of the tasks.

        Returns:
          For each weight, its gradient.
        """
        flat = [ops.reshape(gradient, (gradient.shape[0], -1)) for gradient in gradients]
        touched = [ops.any(ops.not_equal(rows, 0), axis=1) for rows in flat]
        shared = [ops.cast(ops.sum(ops.cast(some, "int32")) > 1, "float32") for some in touched]
        products = sum(
            ops.matmul(rows, ops.transpose(rows)) * ours
            for rows, ours in zip(flat, shared, strict=True)
        )
        together, alone = self.coefficients(losses, products)
        return [
            ops.reshape(ops.matmul((ours * together + (1 - ours) * alone)[None], rows),
                        ops.shape(gradient)[1:])
            for rows, ours, gradient in zip(flat, shared, gradients, strict=True)
        ]

    def coefficients(self, losses, products):
        """Returns how much of each task's gradient enters the step.

        Args:
          losses: The tasks' losses, `(tasks,)`.
          products: Inner products of the tasks' gradients over shared weights, `(tasks, tasks)`.

        Returns:
          Two coefficients for each task, both `(tasks,)`: over weights that tasks share, and over
          those of one task.
        """
        raise NotImplementedError

    def _weights(self):
        return ops.convert_to_tensor(list(self.weights_by_task.values()), "float32")


@keras.saving.register_keras_serializable("tessera")
class PCGradBalance(GradientBalance):
    """Takes from each task's gradient what conflicts with another's (Yu et al. 2020).

    "Gradient surgery for multi-task learning", arXiv:2001.06782: where two gradients point apart,
    each loses its projection on the other; every task meets the others in an order of its own.

    Args:
      weights: A weight for each task's gradient.
      seed: Seed of the orders.
    """

    def __init__(self, weights: dict[str, float], seed: int = 0, **kwargs):
        super().__init__(weights, **kwargs)
        self.seed = seed
        self._random = keras.random.SeedGenerator(seed)

    def coefficients(self, losses, products):
        """See `GradientBalance`."""
        weights = self._weights()
        products = products * weights[:, None] * weights[None, :]
        tasks = len(self.weights_by_task)
        orders = ops.argsort(keras.random.uniform((tasks, tasks), seed=self._random), axis=1)
        tiny = 1e-20
        # Row i: what is left of gradient i, as a sum of all gradients.
        projections = ops.eye(tasks)
        for place in range(tasks):
            other = orders[:, place]
            product = ops.sum(projections * ops.take(products, other, axis=0), axis=1)
            length = ops.maximum(ops.take(ops.diagonal(products), other), tiny)
            # A task never conflicts with itself: that product is never negative but by rounding.
            conflict = ops.logical_and(product < 0, ops.not_equal(other, ops.arange(tasks)))
            share = ops.where(conflict, product / length, 0.0)
            projections = projections - share[:, None] * ops.one_hot(other, tasks)
        return ops.sum(projections, axis=0) * weights, weights

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("tessera")
class GradNormBalance(GradientBalance):
    """Weighs losses so that all tasks learn at one pace (Chen et al. 2018, arXiv:1711.02257).

    A task whose loss has fallen less than the others' since the first step gets a longer gradient.
    Two differences to the paper: the length is that over all shared weights, not the last layer's
    alone, and the step on a weight is taken on its logarithm and relative to the mean length, so
    that weights stay positive and the pace does not depend on the losses' scale.

    Args:
      weights: Where the weights start; their sum stays.
      pull: How strongly slow tasks are pulled up, the paper's alpha.
      rate: Size of a step on the logarithm of a weight.
    """

    def __init__(
        self, weights: dict[str, float], pull: float = 1.5, rate: float = 0.025, **kwargs
    ):
        super().__init__(weights, **kwargs)
        self.pull, self.rate = pull, rate

    def build(self):
        """Creates the weights and the place for the first losses."""
        start = list(self.weights_by_task.values())
        # The mean: equal on all devices, and TensorFlow has to know.
        self.weight = self.add_weight(
            shape=(len(start),), initializer=lambda shape, dtype=None: self._weights(),
            name="weight", trainable=False, autocast=False, aggregation="mean",
        )
        self.first = self.add_weight(
            shape=(len(start),), initializer="zeros", name="first", trainable=False,
            autocast=False, aggregation="mean",
        )

    def call(self, losses):
        """Maps `{task: scalar}` to the total."""
        return sum(self.weight[place] * losses[task]
                   for place, task in enumerate(self.weights_by_task))

    def coefficients(self, losses, products):
        """See `GradientBalance`; the weights are those before this step, as in the paper."""
        before, earlier = ops.copy(self.weight), ops.copy(self.first)
        lengths = ops.sqrt(ops.maximum(ops.diagonal(products), 0.0))
        # A task without a label in this batch has loss 0, and learns nothing of its pace.
        known = ops.cast(losses > 0, "float32")
        finite = ops.all(ops.isfinite(lengths))
        count = ops.maximum(ops.sum(known), 1.0)
        first = ops.where(earlier > 0, earlier, losses)
        remaining = known * losses / ops.maximum(first, 1e-12)
        pace = remaining / ops.maximum(ops.sum(remaining) / count, 1e-12)
        weighted = before * lengths
        mean = ops.maximum(ops.sum(known * weighted) / count, 1e-12)
        # The gradient of the distance between a task's weighted length and its aim.
        slope = ops.sign(weighted - mean * ops.power(pace, self.pull)) * weighted / mean
        after = before * ops.exp(-self.rate * known * slope)
        after = after * ops.sum(before) / ops.sum(after)
        # Steps that overflow are skipped, see trainer/training/optimizer.py.
        self.weight.assign(ops.where(finite, after, before))
        self.first.assign(ops.where(finite, first, earlier))
        return before, before

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "pull": self.pull, "rate": self.rate}


BALANCINGS = {
    "fixed": FixedBalance,
    "uncertainty": UncertaintyBalance,
    "gradnorm": GradNormBalance,
    "pcgrad": PCGradBalance,
}
