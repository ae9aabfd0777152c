"""Each task's gradient on the TensorFlow backend."""

import keras
import tensorflow as tf


def train_step(model, data):
    """Runs one step.

    On several devices each task's gradient is averaged over them before balancing: the tasks'
    gradients of the whole batch conflict or not, those of a part of it say little.
    """
    inputs, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    weights = model.trainable_weights
    with tf.GradientTape(persistent=True) as tape:
        losses = model.all_losses(labels, model(inputs, training=True))
        scaled = [model.optimizer.scale_loss(loss) for loss in losses.values()]
    gradients = [
        tape.gradient(loss, [weight.value for weight in weights],
                      unconnected_gradients=tf.UnconnectedGradients.ZERO)
        for loss in scaled
    ]
    # An embedding's gradient is sparse; tasks touch different rows.
    stacked = [tf.stack([tf.convert_to_tensor(gradient) for gradient in tasks])
               for tasks in zip(*gradients, strict=True)]
    values = tf.stack(list(losses.values()))
    context = tf.distribute.get_replica_context()
    devices = tf.distribute.get_strategy().num_replicas_in_sync
    if devices > 1:
        values, *stacked = context.all_reduce(tf.distribute.ReduceOp.MEAN, [values, *stacked])
    # The total is that of this step's weights, hence before they move.
    logs = model.log(losses, tf.shape(next(iter(inputs.values())))[0])
    joined = model.join(values, stacked)
    # The optimizer adds up what the devices give.
    model.optimizer.apply_gradients(
        zip([gradient / devices for gradient in joined], weights, strict=True))
    return logs
