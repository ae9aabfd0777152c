"""Loss scaling for float16 that notices every overflow."""

import keras
import tensorflow as tf


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
