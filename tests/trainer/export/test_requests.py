import tensorflow as tf

from trainer.export.requests import history_key
from trainer.recipe.task import TAKEN


def _inputs(exported, signature):
    specs = exported.signatures[signature].structured_input_signature[1]
    return {name: (spec.dtype, spec.shape.rank) for name, spec in specs.items()}


USER = {
    "user_id": (tf.string, 1), "timestamp": (tf.int64, 1), "history_item_id": (tf.string, 2),
    "history_timestamp": (tf.int64, 2), "history_stars": (tf.float32, 2)}


def test_the_users_part_is_named_by_role(exported):
    assert _inputs(exported, "serving_default") == {**USER, "candidates": (tf.string, 2)}
    assert _inputs(exported, "recommend") == {**USER, "k": (tf.int32, 1)}
    assert history_key("stars") in USER


def test_an_unseen_items_content_is_named_by_the_schema_without_its_id(exported):
    item = {"plot": (tf.string, 1), "genres": (tf.string, 2), "price": (tf.float32, 1),
            "poster": (tf.string, 1)}
    assert _inputs(exported, "embed_item") == item
    assert _inputs(exported, "score_item") == {**USER, **item}


def test_every_output_is_a_task_or_a_name_that_no_task_may_have(exported, recipe):
    for signature in ("serving_default", "recommend", "score_item", "explain"):
        outputs = set(exported.signatures[signature].structured_outputs)
        assert outputs and outputs - set(recipe.tasks) <= TAKEN
