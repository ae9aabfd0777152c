"""Training steps on the gradient of each task apart: one function for each backend."""

import keras


def train_step(model: keras.Model, *arguments):
    """Runs a step that balances the tasks' gradients, on the backend in use.

    Args:
      model: A `trainer.multitask.MultiTaskModel`.
      arguments: Those of `train_step` in Keras, which depend on the backend.

    Returns:
      What `train_step` returns in Keras.
    """
    # A machine has one backend, seldom all three.
    if keras.backend.backend() == "jax":
        from trainer.gradients.jax_step import train_step as step
    elif keras.backend.backend() == "torch":
        from trainer.gradients.torch_step import train_step as step
    else:
        from trainer.gradients.tensorflow_step import train_step as step
    return step(model, *arguments)
