"""Asks an exported model what the parts of a user and an item are worth to its score."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.explanation.parts import Part, parts
from pipeline.explanation.tables import Row, find_rows, first_ids
from schemas import Feature, FeatureSpec, InputError, unknown
from trainer.recipe import Recipe
from trainer.recipe.recipe import RANKING

SIDES = ("users", "items")
_SIGNATURE = "explain"
_BATCH = 32
_NOBODY = "\0"  # no id holds this character


@dataclass(frozen=True)
class Source:
    """A trained model and what it was made of.

    Attributes:
      model: Folder of the SavedModel.
      spec: The dataset's spec.
      recipe: The recipe.
      tables: Folders of the raw users and items, by side.
      modalities: Names of each side's modality weights, in order.
    """

    model: Path
    spec: FeatureSpec
    recipe: Recipe
    tables: dict[str, Path]
    modalities: dict[str, list[str]]


@dataclass(frozen=True)
class Effect:
    """What a part is worth: the score with it, minus the score without.

    Attributes:
      side: `users` or `items`.
      feature: The column; `id` and `history` stand for what is no column.
      kind: See `Part`.
      place: See `Part`.
      value: The difference.
    """

    side: str
    feature: str
    kind: str
    place: Any
    value: float


@dataclass(frozen=True)
class Explanation:
    """Why a user gets an item.

    Attributes:
      user: The user's id.
      item: The item's id.
      task: The task whose score is explained.
      scores: The prediction for every task.
      effects: What each part is worth to the task's score.
      weights: The modality weights by side and modality.
      rows: Both rows' values by side.
    """

    user: str
    item: str
    task: str
    scores: dict[str, float]
    effects: list[Effect]
    weights: dict[str, dict[str, float]]
    rows: dict[str, Row]


class Explainer:
    """Explains a model's scores by occlusion (Zeiler 2014).

    Args:
      source: The model and what it was made of.

    Raises:
      InputError: The model was exported without the signature that is asked.
    """

    def __init__(self, source: Source):
        self._source = source
        self._loaded = tf.saved_model.load(str(source.model))
        if _SIGNATURE not in self._loaded.signatures:
            raise InputError(f"The model in {source.model} is of an older version and has no "
                             f"signature {_SIGNATURE!r}. Run `tessera run` again.")
        self._ask = self._loaded.signatures[_SIGNATURE]
        self._inputs: dict[str, tf.TensorSpec] = self._ask.structured_input_signature[1]

    def explain(self, user: str, item: str, task: str | None = None) -> Explanation:
        """Explains one prediction.

        Args:
          user: A known user's id.
          item: A known item's id.
          task: The task whose score is explained; the one that ranks where `None`.

        Returns:
          The explanation.

        Raises:
          InputError: The data hold no such user or item, or the recipe no such task.
        """
        source = self._source
        task = task or source.recipe.ranking
        if task not in source.recipe.tasks:
            raise unknown("task", task, source.recipe.tasks)
        if source.recipe.tasks[task].head not in RANKING:
            raise InputError(f"Task {task!r} predicts several classes or labels at once, and one "
                             f"score is explained. Name one of: {', '.join(self._scores())}.")
        ids = {"users": user, "items": item}
        rows = {side: find_rows(source.tables[side], source.spec, side, [ids[side]])[ids[side]]
                for side in SIDES}
        base = self._request(user, item, rows)
        asked: list[dict[str, list]] = [base]
        pending: list[tuple[Effect, int, int]] = []  # its own answer's place, and the reference's
        references: dict[int, int] = {}
        for side, part in self._parts(rows):
            compared = 0
            if part.reference is not None:
                key = id(part.reference)
                if key not in references:
                    references[key] = len(asked)
                    asked.append({**base, f"{side}_{part.feature.name}": part.reference})
                compared = references[key]
            effect = Effect(side, part.feature.name, part.kind, part.place, 0.0)
            pending.append((effect, len(asked), compared))
            asked.append({**base, f"{side}_{part.feature.name}": part.without})
        for effect, request in self._beside_columns(base):
            pending.append((effect, len(asked), 0))
            asked.append(request)
        answers = self._answers(asked)
        scores = answers[task]
        effects = [Effect(e.side, e.feature, e.kind, e.place, float(scores[with_] - scores[own]))
                   for e, own, with_ in pending]
        weights = {
            side: dict(zip(source.modalities[side], answers[f"{one}_modality_weights"][0].tolist(),
                           strict=True))
            for side, one in (("users", "user"), ("items", "item"))}
        return Explanation(user, item, task,
                           {n: float(answers[n][0]) for n in self._scores()}, effects,
                           weights, rows)

    def _scores(self) -> list[str]:
        """Returns the tasks that predict one number."""
        return [n for n, t in self._source.recipe.tasks.items() if t.head in RANKING]

    def recommended(self, count: int) -> list[tuple[str, str]]:
        """Returns the first users of the data, each with the best item for them."""
        users = first_ids(self._source.tables["users"], self._source.spec, "users", count)
        recommend = self._loaded.signatures["recommend"]
        inputs = {name: _tensor(spec, [_absent(spec)] * len(users))
                  for name, spec in recommend.structured_input_signature[1].items()}
        inputs.update(user_id=tf.constant(users), k=tf.ones([len(users)], tf.int32))
        items = recommend(**inputs)["item_ids"].numpy()[:, 0]
        # Who has met everything is recommended nothing.
        return [(user, item.decode()) for user, item in zip(users, items, strict=True) if item]

    def _parts(self, rows: dict[str, Row]) -> Iterator[tuple[str, Part]]:
        for side in SIDES:
            for feature in self._features(side):
                for part in parts(feature, rows[side].get(feature.name, [])):
                    yield side, part

    def _features(self, side: str) -> tuple[Feature, ...]:
        recipe = self._source.recipe
        return self._source.spec.inputs(side, recipe.modalities, recipe.labels)

    def _request(self, user: str, item: str, rows: dict[str, Row]) -> dict[str, list]:
        request: dict[str, list] = {name: [] for name in self._inputs}
        request.update(user_id=[user.encode()], item_id=[item.encode()])
        for side in SIDES:
            for feature in self._features(side):
                request[f"{side}_{feature.name}"] = rows[side].get(feature.name, [])
        return request

    def _beside_columns(self, base: dict[str, list]) -> Iterator[tuple[Effect, dict[str, list]]]:
        """Yields requests without what is no column of content: the item's id, the history."""
        yield Effect("items", "id", "whole", None, 0.0), {**base, "item_id": []}
        if self._source.recipe.model.history and self._source.spec.histories():
            # A history of an unknown item is none, while an absent one asks for the stored.
            without = {**base, "history_item_id": [_NOBODY.encode()]}
            yield Effect("users", "history", "whole", None, 0.0), without

    def _answers(self, asked: list[dict[str, list]]) -> dict[str, np.ndarray]:
        batches = []
        for start in range(0, len(asked), _BATCH):
            some = asked[start : start + _BATCH]
            tensors = {name: _tensor(spec, [row[name] or [_absent(spec)] for row in some])
                       for name, spec in self._inputs.items()}
            batches.append({n: v.numpy() for n, v in self._ask(**tensors).items()})
        return {n: np.concatenate([batch[n] for batch in batches]) for n in batches[0]}


def _absent(spec: tf.TensorSpec) -> bytes | int:
    return b"" if spec.dtype == tf.string else -1


def _tensor(spec: tf.TensorSpec, rows: list) -> tf.Tensor:
    """Returns rows of values as the signature's input wants them, padded to one width."""
    values = [row if isinstance(row, list) else [row] for row in rows]
    if spec.shape.rank == 1:
        return tf.constant([row[0] for row in values], spec.dtype)
    width = max(map(len, values))
    absent = _absent(spec)
    return tf.constant([row + [absent] * (width - len(row)) for row in values], spec.dtype)
