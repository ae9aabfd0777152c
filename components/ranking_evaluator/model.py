"""What an exported model scores, asked through its own signatures."""

from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from components.ranking_evaluator.interactions import Interactions
from schemas import TesseraError
from schemas.log import Progress
from trainer.evaluation.ranking import Scorer
from trainer.evaluation.written_scores import WrittenScores

_BATCH = 256


class Model(Scorer, Protocol):
    """A model under test."""

    def predictions(self, examples: list[bytes]) -> dict[str, np.ndarray]:
        """Returns what the tasks say of serialized raw rows, `(rows,)` or `(rows, units)`."""


def open_scorer(path: str, interactions: Interactions) -> Model:
    """Opens a model that scores the catalogue for users of the test split.

    Args:
      path: Folder of a SavedModel, or of the scores that the Trainer wrote of another model.
      interactions: All events.

    Raises:
      TesseraError: The model lacks a signature or an item.
    """
    if WrittenScores.there(Path(path)):
        return WrittenScorer(path, interactions)
    return ModelScorer(path, interactions)


def open_earlier(path: str, interactions: Interactions) -> Model:
    """Opens an earlier SavedModel, whose catalogue may lack items: it ranks these last.

    Raises:
      TesseraError: The model lacks a signature.
    """
    return ModelScorer(path, interactions, whole=False)


class WrittenScorer:
    """Scores from files, which are read once."""

    def __init__(self, path: str, interactions: Interactions):
        """Reads them; see `open_scorer`."""
        self._written, self._user_ids = WrittenScores.load(Path(path)), interactions.user_ids
        self._rows, places = ({name: place for place, name in enumerate(names)}
                              for names in (self._written.users, self._written.items))
        self._columns = _places(places, interactions.catalogue)

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float32.

        Raises:
          TesseraError: A user is missing.
        """
        rows = _places(self._rows, [self._user_ids[user] for user in users])
        return self._written.ranking[np.ix_(rows, self._columns)]

    def predictions(self, examples: list[bytes]) -> dict[str, np.ndarray]:
        """Returns nothing: written predictions do not say of which row they are."""
        return {}


class ModelScorer:
    """Scores by the signature `rank_examples` of a SavedModel, a group of users at a time."""

    def __init__(self, path: str, interactions: Interactions, whole: bool = True):
        """Loads the model; its catalogue must be that of the data where it is `whole`."""
        self._model = tf.saved_model.load(path)
        for name in ("catalogue", "rank_examples"):
            if name not in self._model.signatures:
                known = ", ".join(sorted(self._model.signatures)) or "none"
                raise TesseraError("model-without-signature",
                                   f"The model has no signature {name!r}. It has: {known}.")
        self._size, self._columns = _columns(
            self._model.signatures["catalogue"], interactions.catalogue, whole)
        self._interactions = interactions

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Returns the score of each item for each user, `(q, n_items)` float32.

        Raises:
          TesseraError: The model's output has another shape.
        """
        examples = self._interactions.requests(users)
        rank = self._model.signatures["rank_examples"]
        scores = np.empty((len(examples), len(self._columns)), np.float32)
        progress = Progress("Ranking, groups of test users asked", -(-len(examples) // _BATCH))
        for start in progress.over(range(0, len(examples), _BATCH)):
            batch = examples[start : start + _BATCH]
            response = rank(examples=tf.constant(batch))["scores"].numpy()
            if response.shape != (len(batch), self._size):
                raise TesseraError(
                    "scores-misshapen",
                    f"Signature 'rank_examples' has for {len(batch)} examples scores of the "
                    f"shape {response.shape}, not {(len(batch), self._size)}."
                )
            last = response.min(axis=1, keepdims=True) - 1
            scores[start : start + len(batch)] = np.where(
                self._columns < 0, last, response[:, self._columns])
        return scores

    def predictions(self, examples: list[bytes]) -> dict[str, np.ndarray]:
        """Returns what the signature `predict_examples` says of rows.

        Args:
          examples: Serialized raw interactions.

        Returns:
          By task `(rows,)`, or `(rows, units)` of several numbers a row; none where the model has
          no such signature.
        """
        if "predict_examples" not in self._model.signatures:
            return {}
        predict = self._model.signatures["predict_examples"]
        parts = [predict(examples=tf.constant(examples[start : start + _BATCH]))
                 for start in range(0, len(examples), _BATCH)]
        outputs = {name: np.concatenate([part[name].numpy() for part in parts])
                   for name in (parts[0] if parts else ())}
        rows = {name: values.reshape(len(examples), -1).astype(float)
                for name, values in outputs.items()}
        return {name: of[:, 0] if of.shape[1] == 1 else of for name, of in rows.items()}


def _places(places: dict[str, int], names: list[str]) -> list[int]:
    missing = [name for name in names if name not in places]
    if missing:
        raise TesseraError("scores-incomplete",
                           f"The written scores lack {len(missing)} of the users and items, such "
                           f"as {missing[0]!r}.")
    return [places[name] for name in names]


def _columns(signature, catalogue: list[str], whole: bool) -> tuple[int, np.ndarray]:
    """Returns the model's number of items, and the place of each item of the catalogue or -1."""
    size = int(signature(index=tf.constant([0], tf.int32))["size"].numpy()[0])
    response = signature(index=tf.range(size, dtype=tf.int32))["item_ids"].numpy()
    places = {item.decode("utf-8", "replace"): place for place, item in enumerate(response)}
    missing = [item for item in catalogue if item not in places]
    if whole and (missing or size != len(catalogue)):
        example = f", such as {missing[0]!r}" if missing else ""
        raise TesseraError(
            "catalogue-differs",
            f"The model's catalogue has {size} items, the items table has {len(catalogue)}; "
            f"{len(missing)} of the table's are not in the model{example}."
        )
    return size, np.array([places.get(item, -1) for item in catalogue])
