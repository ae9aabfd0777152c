"""The user's behaviour up to a moment: inputs and towers of history and context."""

import keras
from keras import ops

from schemas import FeatureSpec
from trainer.layers.history import HistoryTower
from trainer.layers.towers import NumericTower
from trainer.preprocessing import columns
from trainer.recipe import Recipe


def behaviour_inputs(spec: FeatureSpec, recipe: Recipe) -> dict[str, keras.KerasTensor]:
    """Returns the inputs of history and context by column; none without a history."""
    histories = spec.histories()
    if not recipe.model.history or "item_id" not in histories or "timestamp" not in histories:
        return {}
    length = histories["item_id"].max_values
    names = {columns.HISTORY_INDEX: "int32", columns.HISTORY_AGE: "float32",
             columns.HISTORY_RANK: "int32"}
    names.update((columns.history_value(what), "float32")
                 for what in histories if what not in ("item_id", "timestamp"))
    inputs = {n: keras.Input((length,), dtype=d, name=n) for n, d in names.items()}
    inputs[columns.CONTEXT] = keras.Input((columns.CONTEXT_WIDTH,), name=columns.CONTEXT)
    return inputs


def behaviour_parts(spec: FeatureSpec, recipe: Recipe, item_embedding, inputs) -> dict[str, tuple]:
    """Builds the towers of history and context.

    Args:
      spec: The dataset's spec.
      recipe: Their width and dropout.
      item_embedding: The embedding of item indices, which the item side has too.
      inputs: What `behaviour_inputs` gave.

    Returns:
      A vector `(batch, dim)` and a flag `(batch,)` for each; nothing without a history.
    """
    if columns.HISTORY_INDEX not in inputs:
        return {}
    options = recipe.model
    values = _centred_values(spec, inputs)
    history = HistoryTower(options.dim, item_embedding, values=values.shape[-1],
                           dropout=options.dropout, name="history_tower")
    context = NumericTower(options.dim, dropout=options.dropout, name="context_tower")
    moment = inputs[columns.CONTEXT]
    return {
        "history": history((inputs[columns.HISTORY_INDEX], inputs[columns.HISTORY_AGE],
                            inputs[columns.HISTORY_RANK], values)),
        "context": context((moment, ops.ones_like(moment[:, 0]))),
    }


def _centred_values(spec: FeatureSpec, behaviour) -> keras.KerasTensor:
    """Scales past values to -1..1 over their domains, 0 where absent: `(batch, length, values)`."""
    scaled = [ops.zeros_like(behaviour[columns.HISTORY_AGE])]
    for feature in spec.table("interactions"):
        if columns.history_value(feature.name) in behaviour:
            value = behaviour[columns.history_value(feature.name)]
            low, high = feature.minimum or 0.0, 1.0 if feature.maximum is None else feature.maximum
            centred = (value - low) / max(high - low, 1e-6) * 2 - 1
            scaled.append(ops.where(value < 0, ops.zeros_like(centred), centred))
    return ops.stack(scaled[1:] or scaled, axis=-1)
