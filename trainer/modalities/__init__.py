"""The modalities: one package each, in one registry."""

from trainer.modalities.audio import Audio
from trainer.modalities.categorical import Categorical
from trainer.modalities.image import Image
from trainer.modalities.modality import (
    MODALITIES,
    Division,
    Facts,
    Modality,
    divisions,
    files_of,
    modality_of,
    register,
)
from trainer.modalities.numeric import Numeric
from trainer.modalities.text import Text
from trainer.modalities.video import Video

for _modality in (Categorical(), Numeric(), Text(), Image(), Audio(), Video()):
    register(_modality)

__all__ = ["MODALITIES", "Division", "Facts", "Modality", "divisions", "files_of", "modality_of",
           "register"]
