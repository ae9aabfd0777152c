"""What a recipe may say of numbers."""

from trainer.modalities.options import ModalityOptions


class NumericOptions(ModalityOptions):
    """Numbers, scaled to mean 0 and deviation 1; they have no options."""
