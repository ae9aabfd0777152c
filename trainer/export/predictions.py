"""What the Keras model predicts before export, so that the server's responses can be compared.

The predictions come from transformed rows and the Keras network alone; the requests are the same
rows as a client would send them. Of the signatures that read raw content, or that choose, the
responses of the functions that are saved are recorded. Whatever the export, the file format or the
server changes shows. What a user did is not recorded: the items of a history are drawn anew, and
its texts are left out.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from serving.tensors import plain_values
from trainer.behaviour.past import event_values, past_strings, past_text
from trainer.data.events import Events
from trainer.data.tables import Table
from trainer.evaluation.scoring import catalogue, ranking_scores, user_outputs
from trainer.layers.heads import ProfileHead
from trainer.network.model import Network
from trainer.preprocessing import columns
from trainer.recipe import BoundRecipe

_ROWS, _CANDIDATES, _K = 60, 20, 10


class PredictionRecorder:
    """Predicts rows of transformed interactions with the Keras network.

    Args:
      bound: The network's recipe.
      network: The trained network.
      items: The items table.
      events: All events of the data, which recommendations leave out.
    """

    def __init__(self, bound: BoundRecipe, network: Network, items: Table, events: Events):
        self._spec, self._recipe = bound.spec, bound.recipe
        self._network, self._items, self._events = network, items, events
        self._catalogue = catalogue(network)
        self._vectors, self._weights, self._candidates = self._catalogue

    def write(self, rows: dict[str, np.ndarray], folder: Path, seed: int,
              further: Sequence[dict[str, Any]] = ()) -> None:
        """Writes requests with their predictions.

        Args:
          rows: Transformed interactions, of which some are chosen.
          folder: Where `predictions.json` goes.
          seed: Seed of the choice.
          further: What else is written; see `recorded`.
        """
        random = np.random.default_rng(seed)
        total = len(rows[columns.USER_INDEX])
        chosen = np.sort(random.choice(total, min(_ROWS, total), replace=False))
        rows = self._as_sent({name: values[chosen] for name, values in rows.items()})
        self._make_up(rows, random)
        user = user_outputs(self._network, rows)
        ranking = ranking_scores(self._network, rows, self._catalogue)
        predictions = []
        for row in range(len(chosen)):
            request = self._request(rows, row)
            others = random.integers(0, len(self._items), _CANDIDATES - 1)
            index = np.array([rows[columns.ITEM_INDEX][row], *others])
            predictions.append(self._scored(request, user, row, index))
            predictions.append(self._recommended(request, rows, user, ranking[row], row))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "predictions.json").write_text(
            json.dumps([*predictions, *further]), encoding="utf-8")

    def _as_sent(self, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns rows with every input of a request."""
        if columns.HISTORY_ITEM_ID in rows:
            # An empty history asks for the stored one, which a row's user may have since.
            empty = (rows[columns.HISTORY_ITEM_ID] == b"").all(axis=1)
            rows[columns.USER_ID][empty], rows[columns.USER_INDEX][empty] = b"", 0
            return rows
        one = (len(rows[columns.USER_INDEX]), 1)
        strings = past_strings(self._spec, self._recipe.past)
        return {
            **rows, columns.HISTORY_ITEM_ID: np.full(one, b"", object),
            columns.HISTORY_INDEX: np.zeros(one, np.int32), columns.HISTORY_TIME: np.full(one, -1),
            **{columns.history_value(w): np.full(one, -1.0) for w in event_values(self._spec)},
            **{columns.sent(what): np.full(one, b"", object) for what in strings},
        }

    def _make_up(self, rows: dict[str, np.ndarray], random: np.random.Generator) -> None:
        """Replaces the items of the rows' histories, and takes their texts away."""
        event = rows[columns.HISTORY_ITEM_ID] != b""
        drawn = random.integers(1, len(self._items), event.shape).astype(np.int32)
        names = np.array([b"", *(one.encode() for one in self._items.ids)], object)
        rows[columns.HISTORY_INDEX] = np.where(event, drawn, 0)
        rows[columns.HISTORY_ITEM_ID] = names[rows[columns.HISTORY_INDEX]]
        if text := past_text(self._spec, self._recipe.past):
            rows[columns.sent(text)] = np.full_like(rows[columns.sent(text)], b"")
            if columns.PAST_WORDS in rows:
                rows[columns.PAST_WORDS] = np.zeros_like(rows[columns.PAST_WORDS])

    def _request(self, rows, row: int) -> dict[str, Any]:
        request = {
            "user_id": [rows[columns.USER_ID][row].decode()],
            "timestamp": [int(rows[columns.TIMESTAMP][row])],
            "history_item_id": [[i.decode() for i in rows[columns.HISTORY_ITEM_ID][row]]],
            "history_timestamp": [rows[columns.HISTORY_TIME][row].tolist()],
        }
        for what in event_values(self._spec):
            request[f"history_{what}"] = [rows[columns.history_value(what)][row].tolist()]
        for what in past_strings(self._spec, self._recipe.past):
            request[f"history_{what}"] = [[s.decode() for s in rows[columns.sent(what)][row]]]
        return request

    def _scored(self, request, user, row: int, index: np.ndarray) -> dict[str, Any]:
        retrieval, ranking = self._recipe.retrieval, self._recipe.ranking
        tasks = {
            **({retrieval: self._candidates[index] @ user[retrieval][row]} if retrieval else {}),
            **self._tasks(user, row, index)}
        outputs = {
            ranking: tasks[ranking], **tasks,  # the one that ranks is the first
            **self._attributes(user, row),
            "user_modality_weights": user["weights"][row],
            "item_modality_weights": self._weights[index],
        }
        candidates = ["" if i == 0 else self._items.ids[i - 1] for i in index]
        return _entry("serving_default", {**request, "candidates": [candidates]}, outputs)

    def _recommended(self, request, rows, user, scores, row: int) -> dict[str, Any]:
        seen = self._events.items[self._events.users == rows[columns.USER_INDEX][row]]
        scores[0] = scores[seen] = scores[rows[columns.HISTORY_INDEX][row]] = -np.inf
        index = np.argsort(-scores, kind="stable")[: min(_K, len(self._items) - 1)]
        fresh = np.isfinite(scores[index])
        of_items = {**self._tasks(user, row, index), "item_modality_weights": self._weights[index]}
        outputs = {n: (values.T * fresh).T for n, values in of_items.items()}
        outputs["scores"] = np.where(fresh, scores[index], 0.0)
        outputs["user_modality_weights"] = user["weights"][row]
        names = [self._items.ids[i - 1] if new else "" for i, new in zip(index, fresh, strict=True)]
        return _entry("recommend", {**request, "k": [_K]}, {**outputs, "item_ids": names})

    def _tasks(self, user, row: int, index: np.ndarray) -> dict[str, np.ndarray]:
        return {
            name: self._prediction(name, head(user[name][row][None, :], self._vectors[index]))
            for name, head in self._network.heads.items() if not isinstance(head, ProfileHead)
        }

    def _attributes(self, user, row: int) -> dict[str, np.ndarray]:
        return {
            name: self._prediction(name, head(user[name][row][None, :]))[0]
            for name, head in self._network.heads.items() if isinstance(head, ProfileHead)
        }

    def _prediction(self, name: str, raw) -> np.ndarray:
        task = self._recipe.tasks[name]
        return np.asarray(task.kind.prediction(self._spec, task.targets, raw), np.float32)


def recorded(signatures: Mapping[str, Any],
             requests: Mapping[str, Mapping[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Records what each signature responds before the model is saved.

    Args:
      signatures: Functions by signature.
      requests: A request for each.

    Returns:
      Entries of `predictions.json`; bytes that are no text are `{"b64": ...}`.
    """
    entries = []
    for name, inputs in requests.items():
        outputs = signatures[name](**{
            key: tf.constant(values, tf.string if values.dtype == object else values.dtype)
            for key, values in inputs.items()})
        entries.append({
            "signature": name,
            "inputs": {key: plain_values(values) for key, values in inputs.items()},
            "outputs": {key: plain_values(value.numpy()) for key, value in outputs.items()}})
    return entries


def _entry(signature: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict:
    return {
        "signature": signature,
        "inputs": inputs,
        "outputs": {name: [np.asarray(value).tolist()] for name, value in outputs.items()},
    }
