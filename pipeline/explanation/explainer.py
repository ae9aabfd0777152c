"""Asks an exported model what the parts of a user and an item are worth to its score."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.explanation import GRADIENTS, OCCLUSION, check_method
from pipeline.explanation.attribution import (
    Attribution,
    Effect,
    ExplainedModel,
    Question,
    Request,
    Source,
)
from pipeline.explanation.methods import SIGNATURE, integrated_gradients, occlusion
from pipeline.explanation.rows import Row, find_rows, first_ids
from schemas import ENTITIES, InputError, unknown
from trainer.export.keys import ranker_key
from trainer.modalities import modality_of

_METHODS: dict[str, Callable[[ExplainedModel, Question], Attribution]] = {
    OCCLUSION: occlusion, GRADIENTS: integrated_gradients}


@dataclass(frozen=True)
class Explanation:
    """Why a user gets an item.

    Attributes:
      user: The user's id.
      item: The item's id.
      task: The task whose score is explained.
      method: How it is explained, one of `pipeline.explanation.METHODS`.
      scores: The prediction for every task.
      effects: What each part is worth to the task's score.
      baseline: The score that the effects are counted from, where they add up.
      undivided: Sides and columns that have content of which the method shows no heat map.
      weights: The modality weights by side and modality.
      rows: Both rows' values by side.
      rankers: What each ranker of a fusion adds to the score that ranks; they sum to it. Empty
        where the score is of one model, or another task is explained.
    """

    user: str
    item: str
    task: str
    method: str
    scores: dict[str, float]
    effects: list[Effect]
    baseline: float | None
    undivided: list[tuple[str, str]]
    weights: dict[str, dict[str, float]]
    rows: dict[str, Row]
    rankers: dict[str, float] = field(default_factory=dict)


class Explainer:
    """Explains a model's scores.

    Args:
      source: The model and what it was made of.

    Raises:
      InputError: The model was exported without the signature that is asked.
    """

    def __init__(self, source: Source):
        self._source = source
        self._model = ExplainedModel(source.model)
        self._model.inputs("explain")

    @property
    def methods(self) -> list[str]:
        """The methods that the model has the signatures for."""
        return [OCCLUSION, *([GRADIENTS] if self._model.has(SIGNATURE) else [])]

    def explain(self, user: str, item: str, task: str | None = None,
                method: str = OCCLUSION) -> Explanation:
        """Explains one prediction.

        Args:
          user: A known user's id.
          item: A known item's id.
          task: The task whose score is explained; the one that ranks where `None`.
          method: One of `pipeline.explanation.METHODS`.

        Returns:
          The explanation.

        Raises:
          InputError: The data hold no such user or item, the recipe no such task, or the model
            cannot be explained by this method.
        """
        check_method(method)
        source = self._source
        task = task or source.recipe.ranking
        if task not in source.recipe.tasks:
            raise unknown("task", task, source.recipe.tasks)
        if task not in source.recipe.scored:
            raise InputError("task-without-one-score",
                             f"Task {task!r} predicts several classes or labels at once, and one "
                             f"score is explained. Name one of: {', '.join(source.recipe.scored)}.")
        ids = {"users": user, "items": item}
        rows = {side: find_rows(source.tables[side], source.spec, side, [ids[side]])[ids[side]]
                for side in ENTITIES}
        request = self._request(user, item, rows)
        outputs = self._model.ask("explain", [request])
        weights = {
            side: dict(zip(source.modalities[side], outputs[f"{one}_modality_weights"][0].tolist(),
                           strict=True))
            for side, one in (("users", "user"), ("items", "item"))}
        rankers = {name: float(outputs[ranker_key(name)][0]) for name in source.rankers
                   if ranker_key(name) in outputs and task == source.recipe.ranking}
        attribution = _METHODS[method](self._model, Question(source, task, rows, request))
        return Explanation(user, item, task, method,
                           {n: float(outputs[n][0]) for n in source.recipe.scored},
                           attribution.effects, attribution.baseline,
                           self._undivided(rows, attribution.effects), weights, rows, rankers)

    def recommended(self, count: int) -> list[tuple[str, str]]:
        """Returns the first users of the data, each with the best item for them."""
        users = first_ids(self._source.tables["users"], self._source.bound.spec, "users", count)
        requests: list[Request] = [{"user_id": [user.encode()], "k": [1]} for user in users]
        items = self._model.ask("recommend", requests)["item_ids"][:, 0]
        # Who has had events with every item is recommended nothing.
        return [(user, item.decode()) for user, item in zip(users, items, strict=True) if item]

    def _request(self, user: str, item: str, rows: dict[str, Row]) -> Request:
        request: Request = {"user_id": [user.encode()], "item_id": [item.encode()]}
        for side in ENTITIES:
            for feature in self._source.bound.inputs(side):
                request[f"{side}_{feature.name}"] = rows[side].get(feature.name, [])
        return request

    def _undivided(self, rows: dict[str, Row], effects: list[Effect]) -> list[tuple[str, str]]:
        divided = {(e.side, e.feature) for e in effects if e.kind != "whole"}
        return [(side, feature.name) for side in ENTITIES
                for feature in self._source.bound.inputs(side)
                if modality_of(feature).divisible and (side, feature.name) not in divided
                and any(rows[side].get(feature.name, []))]
