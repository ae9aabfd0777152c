"""Each task's gradient on the JAX backend."""

import jax
import keras


def train_step(model, state, data):
    """Runs one step; all state comes in and goes out."""
    trainable, other, optimizer, metrics = state
    inputs, labels, _ = keras.utils.unpack_x_y_sample_weight(data)

    def losses_of(trainable):
        mapping = [*zip(model.trainable_variables, trainable, strict=True),
                   *zip(model.non_trainable_variables, other, strict=True),
                   *zip(model.optimizer.variables, optimizer, strict=True)]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            losses = model.all_losses(labels, model(inputs, training=True))
            scaled = [model.optimizer.scale_loss(loss) for loss in losses.values()]
        after = [scope.get_current_value(v) for v in model.non_trainable_variables]
        return jax.numpy.stack(scaled), (losses, after)

    _, pull, (losses, other) = jax.vjp(losses_of, trainable, has_aux=True)
    [gradients] = jax.vmap(pull)(jax.numpy.eye(len(losses)))
    mapping = [*zip(model.trainable_variables, trainable, strict=True),
               *zip(model.non_trainable_variables, other, strict=True),
               *zip(model.metrics_variables, metrics, strict=True)]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        logs = model.log(losses, len(next(iter(inputs.values()))))
        joined = model.join(jax.numpy.stack(list(losses.values())), gradients)
    other = [scope.get_current_value(v) for v in model.non_trainable_variables]
    metrics = [scope.get_current_value(v) for v in model.metrics_variables]
    trainable, optimizer = model.optimizer.stateless_apply(optimizer, joined, trainable)
    return logs, (trainable, other, optimizer, metrics)
