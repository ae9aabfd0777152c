"""What an exported model scores, asked through its own signatures."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from components.ranking_evaluator.interactions import Interactions
from schemas import TesseraError
from schemas.progress import Progress
from trainer.evaluation.written_scores import WrittenScores

_BATCH = 256


def user_scores(path: str, interactions: Interactions, users: np.ndarray) -> np.ndarray:
    """Scores the catalogue for users of the test split.

    Args:
      path: Folder of a SavedModel, or of the scores that the Trainer wrote of another model.
      interactions: All events.
      users: User indices, `(q,)`.

    Returns:
      Scores, `(q, n_items)` float32.
    """
    if WrittenScores.there(Path(path)):
        asked = [interactions.user_ids[user] for user in users]
        return written_scores(path, asked, interactions.catalogue)
    return model_scores(path, interactions.requests(users), interactions.catalogue)


def written_scores(path: str, users: list[str], catalogue: list[str]) -> np.ndarray:
    """Reads the scores of some users, `(q, n_items)`, in the order of the catalogue.

    Raises:
      TesseraError: A user or an item is missing.
    """
    found = WrittenScores.load(Path(path))
    rows, places = ({name: place for place, name in enumerate(names)}
                    for names in (found.users, found.items))
    missing = [name for name in users if name not in rows]
    missing += [name for name in catalogue if name not in places]
    if missing:
        raise TesseraError("scores-incomplete",
                           f"The written scores lack {len(missing)} of the users and items, such "
                           f"as {missing[0]!r}.")
    return found.ranking[np.ix_([rows[u] for u in users], [places[i] for i in catalogue])]


def model_scores(path: str, examples: list[bytes], catalogue: list[str]) -> np.ndarray:
    """Scores the catalogue for each request, by the signature `rank_examples`.

    Args:
      path: Folder of the SavedModel.
      examples: Serialized raw interactions, one a request, `q` of them.
      catalogue: Item ids in the order wanted, `n_items` of them.

    Returns:
      Scores, `(q, n_items)` float32.

    Raises:
      TesseraError: The model lacks a signature, an item, or answers in another shape.
    """
    model = tf.saved_model.load(path)
    for name in ("catalogue", "rank_examples"):
        if name not in model.signatures:
            known = ", ".join(sorted(model.signatures)) or "none"
            raise TesseraError("model-without-signature",
                               f"The model has no signature {name!r}. It has: {known}.")
    columns = _columns(model.signatures["catalogue"], catalogue)
    rank = model.signatures["rank_examples"]
    scores = np.empty((len(examples), len(catalogue)), np.float32)
    progress = Progress("Ranking, groups of test users asked", -(-len(examples) // _BATCH))
    for start in progress.over(range(0, len(examples), _BATCH)):
        batch = examples[start : start + _BATCH]
        answer = rank(examples=tf.constant(batch))["scores"].numpy()
        if answer.shape != (len(batch), len(columns)):
            raise TesseraError(
                "scores-misshapen",
                f"Signature 'rank_examples' answered {len(batch)} examples with scores of the "
                f"shape {answer.shape}, not {(len(batch), len(columns))}."
            )
        scores[start : start + len(batch)] = answer[:, columns]
    return scores


def _columns(signature, catalogue: list[str]) -> np.ndarray:
    """Returns where each item of the catalogue stands in the model's own order."""
    size = int(signature(index=tf.constant([0], tf.int32))["size"].numpy()[0])
    answer = signature(index=tf.range(size, dtype=tf.int32))["item_ids"].numpy()
    places = {item.decode("utf-8", "replace"): place for place, item in enumerate(answer)}
    missing = [item for item in catalogue if item not in places]
    if missing or size != len(catalogue):
        example = f", such as {missing[0]!r}" if missing else ""
        raise TesseraError(
            "catalogue-differs",
            f"The model's catalogue has {size} items, the items table has {len(catalogue)}; "
            f"{len(missing)} of the table's are not in the model{example}."
        )
    return np.array([places[item] for item in catalogue])
