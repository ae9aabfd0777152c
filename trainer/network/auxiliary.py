"""Losses beside those of the tasks: added to the total as they are, by no balancing weighed."""

import keras
from keras import ops

from trainer.behaviour.towers import RECONSTRUCTION
from trainer.layers.alignment import ModalityAlignment
from trainer.recipe import Recipe
from trainer.recipe.families import NetworkRecipe


class AuxiliaryLoss(keras.layers.Layer):
    """A loss of the network's outputs on one batch; its name is that of the metric.

    Args:
      factor: Weight in the total.
    """

    def __init__(self, factor: float, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.factor = factor


class AlignmentLoss(AuxiliaryLoss):
    """An item's modalities recognize each other, see `ModalityAlignment`."""

    def __init__(self, dim: int, factor: float):
        super().__init__(factor, name="alignment")
        self._align = ModalityAlignment(dim, name="pairs")

    def build(self, shapes):
        """Creates the projections, given the outputs' shapes."""
        self._align.build(shapes["item_parts"])

    def call(self, outputs):
        """Returns the loss of the outputs, a scalar."""
        return self._align(outputs["item_parts"], outputs["item_present"], outputs["index"])


class ImputationLoss(AuxiliaryLoss):
    """What the guesses of absent modalities cost, of users and of items."""

    def __init__(self):
        super().__init__(1.0, name="imputation")

    def call(self, outputs):
        """Returns the loss of the outputs, a scalar."""
        return sum(ops.mean(outputs[f"{side}_imputation"]) for side in ("user", "item"))


class ReconstructionLoss(AuxiliaryLoss):
    """What the autoencoder of daily series loses, see `trainer.layers.rhythm`."""

    def __init__(self, factor: float):
        super().__init__(factor, name=RECONSTRUCTION)

    def call(self, outputs):
        """Returns the loss of the outputs, a scalar."""
        return ops.mean(ops.cast(outputs[RECONSTRUCTION], "float32"))


def auxiliary_losses(recipe: Recipe) -> list[AuxiliaryLoss]:
    """Returns the losses that a recipe asks for beside those of its tasks."""
    losses: list[AuxiliaryLoss] = []
    if not isinstance(recipe, NetworkRecipe):
        return losses
    if recipe.training.alignment:
        losses.append(AlignmentLoss(recipe.model.dim, recipe.training.alignment))
    if recipe.model.imputation_learns:
        losses.append(ImputationLoss())
    if recipe.reconstruction:
        losses.append(ReconstructionLoss(recipe.reconstruction))
    return losses
