"""Refuses encoders that a run could not use, before anything runs."""

from pipeline.config import RunConfig


def try_encoders(config: RunConfig) -> list[str]:
    """Loads each encoder and lets it encode nothing, to see whether it can.

    Args:
      config: The run's configuration.

    Returns:
      A sentence for each encoder that the exported model cannot hold.

    Raises:
      InputError: One cannot be loaded, takes something else than its modality, or returns
        something else than vectors.
    """
    warnings = []
    for modality, options in config.recipe.encoders.items():
        from trainer.encoders.encoder import Encoder  # seconds to load
        from trainer.encoders.module import load

        module = load(modality, options)
        Encoder(modality, options, module)
        if module.foreign:
            warnings.append(
                f"The {modality} encoder has operations that a stock server lacks "
                f"({', '.join(module.foreign)}): items that are not in the catalogue will be "
                f"scored without its vectors.")
    return warnings
