"""The pretrained encoders of a recipe, from what a component was given as JSON."""

from collections.abc import Mapping
from typing import Any

from trainer.encoders.options import Encoder
from trainer.modalities import MODALITIES


def read_encoders(plain: Mapping[str, Any]) -> dict[str, Encoder]:
    """Returns encoders by modality.

    Args:
      plain: Their options as plain values, by modality.
    """
    options = {name: MODALITIES[name].options.model_validate({"encoder": values})
               for name, values in plain.items()}
    return {name: one.encoded_by for name, one in options.items() if one.encoded_by}
