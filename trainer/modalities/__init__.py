"""The modalities that a column may have, by name."""

from trainer.modalities.audio.options import AudioOptions
from trainer.modalities.categorical.options import CategoricalOptions
from trainer.modalities.image.options import ImageOptions
from trainer.modalities.numeric.options import NumericOptions
from trainer.modalities.options import ModalityOptions
from trainer.modalities.text.options import TextOptions
from trainer.modalities.video.options import VideoOptions

# What recipes may say, by modality; a modality that is registered here may be written in a recipe.
MODALITY_OPTIONS: dict[str, type[ModalityOptions]] = {
    "categorical": CategoricalOptions,
    "numeric": NumericOptions,
    "text": TextOptions,
    "image": ImageOptions,
    "audio": AudioOptions,
    "video": VideoOptions,
}
