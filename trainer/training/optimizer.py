"""The optimizer, and its loss scale in mixed precision."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tessera")
class RowAdamW(keras.optimizers.Adam):
    """Adam with decoupled weight decay that leaves rows without a gradient alone.

    Keras' own AdamW lets every row of an embedding decay and forget in every step, so that a step
    on a large catalogue reads and writes all of it. Here the rows that a batch met are updated,
    their moments and their decay with them, as in TensorFlow Addons' LazyAdam; what has a dense
    gradient is updated as by AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101).

    Args:
      learning_rate: The learning rate.
      decay: Share of a weight, times the learning rate, that an update takes off it.
    """

    def __init__(self, learning_rate: float = 0.001, decay: float = 0.0, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.decay = decay

    def update_step(self, gradient, variable, learning_rate):
        """Updates a variable, or the rows of it that have a gradient."""
        rate = tf.cast(learning_rate, variable.dtype)
        if not isinstance(gradient, tf.IndexedSlices):
            variable.assign_sub(variable * self.decay * rate)
            super().update_step(gradient, variable, learning_rate)
            return
        rows, place = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(gradient.values, place, tf.size(rows))
        index = self._get_variable_index(variable)
        first = self._moved(self._momentums[index], rows, gradient, self.beta_1)
        second = self._moved(self._velocities[index], rows, tf.square(gradient), self.beta_2)
        step = tf.cast(self.iterations + 1, variable.dtype)
        alpha = rate * tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        change = alpha * first / (tf.sqrt(second) + self.epsilon)
        change += tf.gather(variable, rows) * self.decay * rate
        variable.scatter_sub(tf.IndexedSlices(change, rows))

    def _moved(self, moments, rows, value, beta):
        """Moves the moments of some rows towards a value, and returns them."""
        moments = moments.value
        moved = tf.gather(moments, rows) * beta + value * (1 - beta)
        moments.scatter_update(tf.IndexedSlices(moved, rows))
        return moved

    def get_config(self):
        """Returns what the constructor needs."""
        return {**super().get_config(), "decay": self.decay}


@keras.saving.register_keras_serializable("tessera")
class MirroredLossScale(keras.optimizers.LossScaleOptimizer):
    """Skips a step when a gradient of any device overflows.

    Keras asks the first device alone, before gradients are summed over devices, and misses
    overflows in the sparse gradients of embeddings: both would enter the weights.
    """

    def check_finite(self, grads):
        """Returns whether all gradients of all devices are finite, a bool scalar."""
        values = [g.values if isinstance(g, tf.IndexedSlices) else g for g in grads]
        finite = tf.cast(super().check_finite(values), tf.int32)
        replica = tf.distribute.get_replica_context()
        everywhere = replica.all_reduce(tf.distribute.ReduceOp.SUM, finite)
        return tf.equal(everywhere, replica.num_replicas_in_sync)
