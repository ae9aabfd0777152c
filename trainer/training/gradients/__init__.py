"""Training steps on the gradient of each task apart: one function for each backend."""

from collections.abc import Callable

import keras


def train_step_of_backend() -> Callable:
    """Returns the step that balances the tasks' gradients, for the Keras backend in use.

    It takes a `trainer.training.multitask.MultiTaskModel` and what `train_step` takes in Keras, and
    returns what that returns; both depend on the backend.
    """
    # A machine has one backend, seldom all three.
    if keras.backend.backend() == "jax":
        from trainer.training.gradients import jax_step
        return jax_step.train_step
    if keras.backend.backend() == "torch":
        from trainer.training.gradients import torch_step
        return torch_step.train_step
    from trainer.training.gradients import tensorflow_step
    return tensorflow_step.train_step
