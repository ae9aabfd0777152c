"""A prediction to explain, the model that made it, and what an explanation is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.explanation.rows import Row
from schemas import FeatureSpec, InputError
from trainer.recipe import BoundRecipe, Recipe

_BATCH = 32
Request = dict[str, list]


@dataclass(frozen=True)
class Source:
    """A trained model and what it was made of.

    Attributes:
      model: Folder of the SavedModel.
      bound: The recipe, bound to its dataset.
      tables: Folders of the raw users and items, by side.
      modalities: Names of each side's modality weights, in order.
      rankers: Names of the fused rankers, the network among them; none where the score is of one
        model.
      graphs: Folders of what Transform fitted to the users and items, by side; a model is explained
        without them, and then no word counts as known.
    """

    model: Path
    bound: BoundRecipe
    tables: dict[str, Path]
    modalities: dict[str, list[str]]
    rankers: tuple[str, ...] = ()
    graphs: Mapping[str, Path] = field(default_factory=dict)

    @property
    def spec(self) -> FeatureSpec:
        """The dataset's spec."""
        return self.bound.spec

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.bound.recipe


@dataclass(frozen=True)
class Effect:
    """What a part is worth to a score.

    Attributes:
      side: `users` or `items`.
      feature: The column; `id` and `history` are what is no column.
      kind: See `trainer.modalities.Division`.
      place: See `trainer.modalities.Division`.
      value: By how much it raises the score.
    """

    side: str
    feature: str
    kind: str
    place: Any
    value: float


@dataclass(frozen=True)
class Attribution:
    """A method's explanation of a prediction.

    Attributes:
      effects: What each part is worth.
      baseline: The score that the effects are counted from, where they add up.
    """

    effects: list[Effect]
    baseline: float | None = None


@dataclass(frozen=True)
class Question:
    """A prediction to explain.

    Attributes:
      source: What the model was made of.
      task: The task whose score is explained.
      rows: Both rows' values by side.
      request: The prediction's inputs, a list of values each; an empty one is absent.
    """

    source: Source
    task: str
    rows: dict[str, Row]
    request: Request


class ExplainedModel:
    """An exported model, asked through its signatures.

    Args:
      folder: Folder of the SavedModel.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._loaded = tf.saved_model.load(str(folder))

    def has(self, signature: str) -> bool:
        """Returns whether the model was exported with a signature."""
        return signature in self._loaded.signatures

    def inputs(self, signature: str) -> dict[str, tf.TensorSpec]:
        """Returns a signature's inputs.

        Raises:
          InputError: The model was exported without it.
        """
        if not self.has(signature):
            raise InputError("model-too-old",
                             f"The model in {self._folder} is of an older version and has no "
                             f"signature {signature!r}. Run `tessera run` again.")
        return self._loaded.signatures[signature].structured_input_signature[1]

    def ask(self, signature: str, requests: list[Request]) -> dict[str, np.ndarray]:
        """Asks for rows of inputs; those that a request lacks are absent."""
        inputs, batches = self.inputs(signature), []
        for start in range(0, len(requests), _BATCH):
            some = requests[start : start + _BATCH]
            tensors = {name: _tensor(spec, [row.get(name) or [_absent(spec)] for row in some])
                       for name, spec in inputs.items()}
            outputs = self._loaded.signatures[signature](**tensors)
            batches.append({n: v.numpy() for n, v in outputs.items()})
        return {n: np.concatenate([batch[n] for batch in batches]) for n in batches[0]}


def _absent(spec: tf.TensorSpec) -> bytes | int:
    return b"" if spec.dtype == tf.string else -1


def _tensor(spec: tf.TensorSpec, rows: list[list]) -> tf.Tensor:
    """Returns rows of values as the signature's input wants them, padded to one width."""
    if spec.shape.rank == 1:
        return tf.constant([row[0] for row in rows], spec.dtype)
    width = max(map(len, rows))
    absent = _absent(spec)
    return tf.constant([row + [absent] * (width - len(row)) for row in rows], spec.dtype)
