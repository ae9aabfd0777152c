"""What an exported model scores, asked through its own signatures."""

import numpy as np
import tensorflow as tf

from schemas import TesseraError

_BATCH = 256


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
            raise TesseraError(f"The model has no signature {name!r}. It has: {known}.")
    columns = _columns(model.signatures["catalogue"], catalogue)
    rank = model.signatures["rank_examples"]
    scores = np.empty((len(examples), len(catalogue)), np.float32)
    for start in range(0, len(examples), _BATCH):
        batch = examples[start : start + _BATCH]
        answer = rank(examples=tf.constant(batch))["scores"].numpy()
        if answer.shape != (len(batch), len(columns)):
            raise TesseraError(
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
            f"The model's catalogue has {size} items, the items table has {len(catalogue)}; "
            f"{len(missing)} of the table's are not in the model{example}."
        )
    return np.array([places[item] for item in catalogue])
