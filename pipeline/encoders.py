"""Refuses encoders that a run could not use, before anything runs."""

from pipeline.config import RunConfig
from schemas import FeatureSpec, InputError

_TABLES = ("users", "items")


def check_encoded_columns(config: RunConfig, spec: FeatureSpec) -> None:
    """Refuses an encoder that would have nothing to encode; loads none.

    Raises:
      InputError: The recipe does not read its modality, or the dataset has no column of it.
    """
    for modality in config.recipe.encoders.given():
        if any(spec.inputs(table, (modality,)) for table in _TABLES):
            if modality in config.recipe.modalities:
                continue
            raise InputError(
                "encoder-without-modality",
                f"Recipe {config.recipe_name!r} has encoders.{modality}, but its modalities are "
                f"{', '.join(config.recipe.modalities)}. Add {modality!r}, or remove the encoder.")
        present = {str(f.modality) for table in _TABLES for f in spec.inputs(table)}
        raise InputError(
            "encoder-without-column",
            f"Recipe {config.recipe_name!r} has encoders.{modality}, but no column of the users or "
            f"items of {spec.name!r} has that modality; they have: "
            f"{', '.join(sorted(present)) or 'none'}. Remove the encoder.")


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
    told = []
    for modality, options in config.recipe.encoders.given().items():
        from trainer.encoders.encoder import Encoder  # seconds to load
        from trainer.encoders.module import load

        module = load(modality, options)
        Encoder(modality, options, module)
        if module.foreign:
            told.append(
                f"The {modality} encoder has operations that a stock server lacks "
                f"({', '.join(module.foreign)}): items that are not in the catalogue will be "
                f"scored without its vectors.")
    return told
