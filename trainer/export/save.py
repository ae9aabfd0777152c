"""One SavedModel with all signatures; its inputs and outputs are described in docs/serving.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from serving import filters
from trainer.export.evaluation import EvaluationColumns
from trainer.export.module import Recommender

_K = "k"
_CANDIDATES = "candidates"
_EXAMPLES = "examples"
_ITEM_ID = "item_id"
_TASK = "task"
Signatures = dict[str, Any]


def save(recommender: Recommender, signatures: Signatures, folder: Path) -> None:
    """Writes the SavedModel.

    Args:
      recommender: What responds.
      signatures: Its signatures.
      folder: Where to write it.
    """
    with _variables_restored():
        tf.saved_model.save(recommender, str(folder), signatures=signatures)


@contextmanager
def _variables_restored() -> Iterator[None]:
    """Lets the graph restore the variables that its signatures read.

    Keras has it restore copies of them. Python's loader restores objects and does not mind, but on
    a stock server each signature would fail for want of its variables (Keras issue 20095).
    """

    def export(variable, object_map, tensor_map, options, **others):
        resources = variable.value._export_to_saved_model_graph(
            object_map, tensor_map, options, **others)
        object_map[variable] = object_map[variable.value]
        return resources

    original = keras.Variable._export_to_saved_model_graph
    keras.Variable._export_to_saved_model_graph = export
    try:
        yield
    finally:
        keras.Variable._export_to_saved_model_graph = original


def trace_signatures(model: Recommender, evaluation: EvaluationColumns) -> Signatures:
    """Traces what a server is asked.

    Args:
      model: What responds.
      evaluation: What TFMA reads beside the responses.

    Returns:
      Concrete functions by signature.
    """
    model.evaluation = evaluation  # so that it is saved too
    user = model.request.signature()
    item = model.raw_item.signature()
    choice = model.selection.signature()
    item_id = {_ITEM_ID: tf.TensorSpec([None], tf.string, _ITEM_ID)}
    k = {_K: tf.TensorSpec([None], tf.int32, _K)}
    candidates = {_CANDIDATES: tf.TensorSpec([None, None], tf.string, _CANDIDATES)}
    examples = {_EXAMPLES: tf.TensorSpec([None], tf.string, _EXAMPLES)}
    index = {"index": tf.TensorSpec([None], tf.int32, "index")}

    def among(names, inputs):
        return {name: inputs[name] for name in names}

    signatures = {
        "serving_default": _concrete(
            lambda inputs: model.score(among(user, inputs), inputs[_CANDIDATES]),
            {**user, **candidates}),
        "recommend": _concrete(
            lambda inputs: model.recommend(among(user, inputs), inputs[_K]), {**user, **k}),
        filters.SIGNATURE: _concrete(
            lambda inputs: model.recommend_filtered(
                among(user, inputs), among(choice, inputs), inputs[_K]),
            {**user, **choice, **k}),
        "similar_items": _concrete(
            lambda inputs: model.catalogue.similar(inputs[_ITEM_ID], inputs[_K]), {**item_id, **k}),
        "user_profile": _concrete(lambda inputs: model.user_profile(among(user, inputs)), user),
        "predict_examples": _concrete(
            lambda inputs: _named(model.predict(inputs[_EXAMPLES])), examples),
        "rank_examples": _concrete(lambda inputs: model.rank(inputs[_EXAMPLES]), examples),
        "transform_features": _concrete(lambda inputs: evaluation(inputs[_EXAMPLES]), examples),
        **_explanations(model),
        "catalogue": _concrete(lambda inputs: model.catalogue.at(inputs["index"]), index),
    }
    if item:  # An item without content is known by its id alone.
        signatures["embed_item"] = _concrete(model.embed_item, item)
        signatures["score_item"] = _concrete(
            lambda inputs: model.score_item(among(user, inputs), among(item, inputs)),
            {**user, **item})
    return signatures


def _named(predictions: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Adds what nobody reads to a single prediction.

    TFMA takes the only output of a signature out of its dictionary, and misses its name later.
    """
    if len(predictions) > 1:
        return predictions
    return {**predictions, **{f"{name}_alone": value for name, value in predictions.items()}}


def _explanations(model: Recommender) -> dict:
    """Traces what takes both sides' content; a column's input has its side before it.

    Both sides may have a column of one name.
    """
    user = model.request.signature()
    columns = {"users": model.raw_user.signature(), "items": model.raw_item.signature()}
    raw = {f"{side}_{name}": tf.TensorSpec(one.shape, one.dtype, f"{side}_{name}")
           for side, of_side in columns.items() for name, one in of_side.items()}
    signature = {**user, _ITEM_ID: tf.TensorSpec([None], tf.string, _ITEM_ID), **raw}
    task = {_TASK: tf.TensorSpec([None], tf.string, _TASK)}

    @tf.function(input_signature=[signature], autograph=False)  # traced once for both
    def sides(inputs):
        content = {side: {name: inputs[f"{side}_{name}"] for name in of_side}
                   for side, of_side in columns.items()}
        return model.sides({name: inputs[name] for name in user}, content["users"],
                           inputs[_ITEM_ID], content["items"])

    signatures = {"explain": _concrete(lambda inputs: model.explain(*sides(inputs)), signature)}
    if model.recipe.has_towers:
        def gradients(inputs):
            users, items = sides({name: inputs[name] for name in signature})
            return model.gradients(users, items, inputs[_TASK])

        signatures["gradients"] = _concrete(gradients, {**signature, **task})
    return signatures


def _concrete(function, inputs: dict[str, tf.TensorSpec]):
    """Traces a function of one dictionary as a signature with named inputs."""

    @tf.function(input_signature=[inputs], autograph=False)
    def traced(tensors):
        return function(tensors)

    # A signature's inputs are keyword arguments, so the dictionary is flattened here.
    @tf.function(autograph=False)
    def keyed(**tensors):
        return traced(tensors)

    return keyed.get_concrete_function(**inputs)
