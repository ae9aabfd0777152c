"""The training step's loss: every task's loss on one batch, balanced to one number."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
from keras import ops

from trainer.layers.balancing import BALANCINGS, GradientBalance
from trainer.layers.losses import in_batch_softmax
from trainer.network.auxiliary import auxiliary_losses
from trainer.options import look_up
from trainer.recipe.families import FittedRecipe
from trainer.tasks.kind import Batch
from trainer.training.gradients import train_step_of_backend

RetrievalLoss = Callable[..., keras.KerasTensor]


class MultiTaskModel(keras.Model):
    """Trains a network on all tasks of a recipe at once.

    It adds a loss to the network and nothing else: what it calls and saves is the network.

    Args:
      network: The training model of `trainer.network.model.Network`.
      recipe: Gives the tasks, their labels, and how their losses become one.
      probability: Chance of each item index among the training rows, `(items,)`.
      retrieval_loss: The retrieval loss, with the signature of
        `trainer.layers.losses.in_batch_softmax`.
      replicas: Number of devices that share a step; gradients are summed over them.
      variances: Variance of each label over the training rows; 1 where not given.
    """

    def __init__(
        self,
        network: keras.Model,
        recipe: FittedRecipe,
        probability: np.ndarray,
        retrieval_loss: RetrievalLoss = in_batch_softmax,
        replicas: int = 1,
        variances: Mapping[str, float] | None = None,
    ):
        super().__init__(name="multi_task")
        self.network, self.recipe, self.replicas = network, recipe, replicas
        self.probability = np.asarray(probability, "float32")
        self.variances = dict(variances or {})
        self.retrieval_loss = retrieval_loss
        balance = look_up(BALANCINGS, recipe.loss_balance.name, "balancing")
        self.balance = balance(recipe.loss_weights, name="balance")
        self.auxiliary = auxiliary_losses(recipe)
        names = [*recipe.tasks, *(loss.name for loss in self.auxiliary)]
        self._trackers = {n: keras.metrics.Mean(name=f"{n}_loss") for n in names}
        self.build()

    def build(self, input_shape=None):
        """Creates the balance's weights; the network's exist already."""
        self.balance({name: ops.convert_to_tensor(0.0) for name in self.recipe.tasks})
        for loss in self.auxiliary:
            loss.build({name: tensor.shape for name, tensor in self.network.output.items()})
        self.built = True

    def call(self, inputs, training=None):
        """Returns the network's outputs; columns that it does not read are ignored."""
        read = {tensor.name: inputs[tensor.name] for tensor in self.network.inputs}
        return self.network(read, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the balanced loss of a batch."""
        losses = self.all_losses(y, y_pred)
        self._track(losses)
        return self._total(losses) / self.replicas

    def train_step(self, *arguments):
        """Runs a step; where the tasks' gradients are balanced, with each gradient apart."""
        if isinstance(self.balance, GradientBalance):
            return train_step_of_backend()(self, *arguments)
        return super().train_step(*arguments)

    def join(self, losses, gradients):
        """Joins the gradients of `all_losses`.

        Args:
          losses: The losses, `(losses,)`.
          gradients: For each trainable weight, its gradients, `(losses, *weight shape)`.

        Returns:
          For each trainable weight, its gradient.
        """
        tasks = len(self.recipe.tasks)
        joined = self.balance.combine(losses[:tasks], [each[:tasks] for each in gradients])
        return [one + self._beside(each[tasks:])
                for one, each in zip(joined, gradients, strict=True)]

    def _beside(self, values):
        """Weighs what belongs to the auxiliary losses, one after the other, and adds it up."""
        return sum(loss.factor * values[place] for place, loss in enumerate(self.auxiliary))

    def log(self, losses: Mapping, rows) -> dict:
        """Notes the losses of a step over some rows, and returns all metrics so far."""
        self._track(losses)
        self._loss_tracker.update_state(self._total(losses), sample_weight=rows)
        return self.get_metrics_result()

    def _track(self, losses):
        for name, loss in losses.items():
            self._trackers[name].update_state(loss)

    def _total(self, losses):
        total = self.balance({name: losses[name] for name in self.recipe.tasks})
        return total + sum(loss.factor * losses[loss.name] for loss in self.auxiliary)

    def all_losses(self, labels: Mapping, outputs: Mapping) -> dict:
        """Returns the tasks' losses, and behind them the auxiliary ones."""
        losses = self.task_losses(labels, outputs)
        losses.update((loss.name, loss(outputs)) for loss in self.auxiliary)
        return losses

    def task_losses(self, labels: Mapping, outputs: Mapping) -> dict:
        """Returns each task's mean loss.

        Args:
          labels: Labels by name, `(batch,)`, NaN where a row has none.
          outputs: The network's outputs.

        Returns:
          A scalar for each task.
        """
        batch = Batch(labels, outputs, self.retrieval_loss, self.probability, self.variances)
        return {name: task.kind.loss(name, task.targets, batch)
                for name, task in self.recipe.tasks.items()}
