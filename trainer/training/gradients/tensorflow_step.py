"""Each task's gradient on the TensorFlow backend."""

import keras
import tensorflow as tf


def train_step(model, data):
    """Runs one step.

    An embedding's gradients are balanced on the rows that a task touched. On several devices each
    task's gradient is averaged over them before balancing, whole tables included: the tasks'
    gradients of the whole batch conflict or not, those of a part of it say little.
    """
    inputs, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    weights = model.trainable_weights
    with tf.GradientTape(persistent=True) as tape:
        losses = model.all_losses(labels, model(inputs, training=True))
        scaled = [model.optimizer.scale_loss(loss) for loss in losses.values()]
    gradients = [tape.gradient(loss, [weight.value for weight in weights]) for loss in scaled]
    devices = tf.distribute.get_strategy().num_replicas_in_sync
    stack = _stack_rows if devices == 1 else _stack_whole
    stacked, rows = zip(*(stack(tasks, weight) for tasks, weight in zip(
        zip(*gradients, strict=True), weights, strict=True)), strict=True)
    values = tf.stack(list(losses.values()))
    if devices > 1:
        context = tf.distribute.get_replica_context()
        values, *stacked = context.all_reduce(tf.distribute.ReduceOp.MEAN, [values, *stacked])
    # The total is that of this step's weights, hence before they move.
    logs = model.log(losses, tf.shape(next(iter(inputs.values())))[0])
    # The optimizer adds up what the devices give.
    joined = [gradient / devices for gradient in model.join(values, list(stacked))]
    model.optimizer.apply_gradients(
        (gradient if row is None else tf.IndexedSlices(gradient, row, weight.shape), weight)
        for gradient, row, weight in zip(joined, rows, weights, strict=True))
    return logs


def _stack_rows(gradients, weight):
    """Stacks the tasks' gradients of a weight; of a table, on the rows that any task touched.

    Returns:
      `((tasks, ...), rows)`; `rows` is `None` where the gradients are those of the whole weight.
    """
    sparse = [gradient for gradient in gradients if gradient is not None]
    if not sparse or not all(isinstance(gradient, tf.IndexedSlices) for gradient in sparse):
        return _stack_whole(gradients, weight)
    rows, places = tf.unique(tf.concat([gradient.indices for gradient in sparse], axis=0))
    sizes = [tf.size(gradient.indices) for gradient in sparse]
    parts = iter(tf.split(places, sizes, num=len(sparse)))
    count = tf.size(rows)
    zeros = tf.zeros(tf.concat([[count], weight.shape[1:]], axis=0), weight.dtype)
    return tf.stack([
        zeros if gradient is None
        else tf.math.unsorted_segment_sum(gradient.values, next(parts), count)
        for gradient in gradients]), rows


def _stack_whole(gradients, weight):
    return tf.stack([tf.zeros(weight.shape, weight.dtype) if gradient is None
                     else tf.convert_to_tensor(gradient) for gradient in gradients]), None
