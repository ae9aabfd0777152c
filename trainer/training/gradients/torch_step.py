"""Each task's gradient on the PyTorch backend."""

import keras
import torch


def train_step(model, data):
    """Runs one step."""
    inputs, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    losses = model.all_losses(labels, model(inputs, training=True))
    weights = model.trainable_weights
    values = [weight.value for weight in weights]
    gradients = [
        torch.autograd.grad(model.optimizer.scale_loss(loss), values, retain_graph=True,
                            allow_unused=True)
        for loss in losses.values()
    ]
    with torch.no_grad():
        stacked = [
            torch.stack([torch.zeros_like(value) if gradient is None else gradient
                         for gradient in tasks])
            for value, *tasks in zip(values, *gradients, strict=True)
        ]
        logs = model.log(losses, len(next(iter(inputs.values()))))
        joined = model.join(torch.stack(list(losses.values())), stacked)
        model.optimizer.apply(joined, weights)
    return logs
