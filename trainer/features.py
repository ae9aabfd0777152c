"""Towers for the features of a table: which there are comes from the spec, by modality."""

from dataclasses import dataclass, field

import keras
import numpy as np

from schemas import Feature, FeatureSpec
from trainer.augmentation import varied_pictures, varied_sounds
from trainer.codebook import fitted_tower
from trainer.encoders.parts import encoded_part
from trainer.layers.audio_tower import AudioTower
from trainer.layers.image.fourier import FourierTower
from trainer.layers.registry import look_up
from trainer.layers.towers import CategoricalTower, ImageTower, NumericTower
from trainer.layers.video_tower import VideoTower
from trainer.part_names import joined
from trainer.preprocessing import columns
from trainer.recipe import Recipe
from trainer.text import text_aspects, text_tower


@dataclass(frozen=True)
class Side:
    """The fixed content of the users or of the items.

    Attributes:
      rows: Number of rows, the unknown id at index 0 included.
      content: Transformed columns, `(rows, ...)`.
      vocabularies: Number of indices of each categorical feature and of each vocabulary of a text,
        padding included.
      tails: Files of the pretrained encoders' layers that are trained further, by modality.
      met: Whether training has an event of each row, `(rows,)` bool; of all, where `None`.
    """

    rows: int
    content: dict[str, np.ndarray]
    vocabularies: dict[str, int]
    tails: dict[str, str] = field(default_factory=dict)
    met: np.ndarray | None = None


def content_inputs(side: Side) -> dict[str, keras.KerasTensor]:
    """Returns an input for each content column of a side."""
    return {
        name: keras.Input(values.shape[1:], dtype=str(values.dtype), name=name)
        for name, values in side.content.items()
    }


def feature_parts(
    spec: FeatureSpec, recipe: Recipe, table: str, side: Side, inputs
) -> dict[str, tuple]:
    """Builds a tower for each feature of a table that the recipe reads.

    Args:
      spec: The dataset's spec.
      recipe: The modalities and the towers' options.
      table: `users` or `items`.
      side: What the model holds of the table.
      inputs: The content inputs by column.

    Returns:
      A vector `(batch, dim)` and a flag `(batch,)` by feature.
    """
    parts: dict[str, tuple] = {}
    encoders = recipe.encoders.given()
    for feature in spec.inputs(table, recipe.modalities, recipe.labels):
        modality, name = str(feature.modality), f"{table}_{feature.name}"
        encoder = encoders.get(modality)
        if encoder is None or not encoder.replaces_tower:
            tower = TOWERS[modality](feature, recipe, side, inputs, name)
            parts = joined(parts, {feature.name: tower})
            if modality == "text":
                parts = joined(parts, text_aspects(feature, recipe, inputs, name))
        if encoder is not None:
            parts = joined(parts, {f"{feature.name}_encoded": encoded_part(
                feature.name, recipe.model, side.tails.get(modality), inputs, f"{name}_encoded")})
    return parts


def _categorical(feature: Feature, recipe: Recipe, side: Side, inputs, name):
    tower = CategoricalTower(recipe.model.dim, side.vocabularies[feature.name],
                             dropout=recipe.model.dropout, name=name)
    return tower(inputs[feature.name])


def _numeric(feature: Feature, recipe: Recipe, side: Side, inputs, name):
    tower = NumericTower(recipe.model.dim, dropout=recipe.model.dropout, name=name)
    return tower((inputs[feature.name][:, None], inputs[columns.present(feature.name)]))


def _image(feature: Feature, recipe: Recipe, side: Side, inputs, name):
    there = columns.present(feature.name)
    build = look_up(IMAGE_TOWERS, recipe.model.towers.image, "image tower")
    # What is fitted on pictures is fitted on those of the feature's own table.
    pictures = side.content[feature.name][side.content[there] > 0]
    tower = build(recipe.model.dim, pictures, dropout=recipe.model.dropout, name=name)
    return tower((varied_pictures(inputs[feature.name], recipe, name), inputs[there]))


def _audio(feature: Feature, recipe: Recipe, side: Side, inputs, name):
    tower = AudioTower(recipe.model.dim, dropout=recipe.model.dropout, name=name)
    return tower((varied_sounds(inputs[feature.name], recipe, name),
                  inputs[columns.mfcc(feature.name)], inputs[columns.present(feature.name)]))


def _video(feature: Feature, recipe: Recipe, side: Side, inputs, name):
    tower = VideoTower(recipe.model.dim, dropout=recipe.model.dropout, name=name)
    return tower((varied_pictures(inputs[feature.name], recipe, name),
                  inputs[columns.present(feature.name)]))


IMAGE_TOWERS = {
    "cnn": lambda dim, pictures, **options: ImageTower(dim, **options),
    "visual_words": fitted_tower,
    "fourier": lambda dim, pictures, **options: FourierTower(dim, **options),
}
TOWERS = {"categorical": _categorical, "text": text_tower, "numeric": _numeric, "image": _image,
          "audio": _audio, "video": _video}
