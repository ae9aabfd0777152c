"""What a component gives to train from, and the training, left to the recipe's family."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow_transform as tft

from schemas import SIDES, parse_spec
from trainer.encoders.encodings import Encodings
from trainer.families import FAMILIES
from trainer.families.job import Job
from trainer.options import look_up
from trainer.recipe import BoundRecipe, Recipe, parse_recipe
from trainer.training.data import TrainingData
from trainer.training.inputs import training_data
from trainer.training.warm_start import WarmStart


class Given(NamedTuple):
    """What a component gives to train from.

    Attributes:
      bound: The recipe, of the class that its family has, bound to its dataset.
      seed: Seed of everything random.
      files: Files of transformed Examples by table and split.
      transforms: The transforms' outputs by table.
      encodings: What the pretrained encoders made of the tables; `None` without encoders.
      key: A digest of configuration, inputs and code.
    """

    bound: BoundRecipe[Any]
    seed: int
    files: dict[str, dict[str, list[str]]]
    transforms: dict[str, tft.TFTransformOutput]
    encodings: Encodings | None
    key: str

    def data(self, recipe: Recipe | None = None) -> TrainingData:
        """Reads the tables, for this recipe or for another one of the same transforms."""
        bound = replace(self.bound, recipe=recipe) if recipe else self.bound
        return training_data(bound, self.files, self.transforms, self.encodings)


def read_given(config: dict[str, Any], files: dict[str, dict[str, list[str]]],
               transforms: dict[str, str], encodings: str | None, code: str) -> Given:
    """Reads what a component gives, but for the tables.

    Args:
      config: `spec`, `recipe` and `seed`, as plain JSON values.
      files: Files of transformed Examples by table and split.
      transforms: Folders of the transforms by table.
      encodings: Folder of the encodings; `None` without encoders.
      code: Digest of the component's code.
    """
    made_of = json.dumps([config, files, encodings, code], sort_keys=True)
    return Given(
        BoundRecipe(parse_recipe(**config["recipe"]), parse_spec(**config["spec"])),
        config["seed"], files,
        {side: tft.TFTransformOutput(transforms[side]) for side in SIDES},
        Encodings(Path(encodings)) if encodings else None,
        hashlib.sha256(made_of.encode()).hexdigest())


def train(given: Given, run_dir: Path, weights: Path, earlier: Path | None = None) -> None:
    """Trains a model.

    Args:
      given: What to train, and from what.
      run_dir: Folder of the logs and the summary.
      weights: Folder of what training learns.
      earlier: Folder of what an earlier training learned, for a warm start.
    """
    family = look_up(FAMILIES, given.bound.recipe.family, "family")
    data = given.data()
    if earlier is not None and (start := WarmStart(earlier)).usable:
        data = replace(data, earlier=start)
    family.train(Job(data, given.seed, given.key, run_dir, weights))
