"""A modality of several columns, of users and of items, trained with kinds that are as foreign."""

import json

import numpy as np
import pytest
import tensorflow as tf
import tiny_shop
from worlds import column

from schemas import parse_spec
from trainer.recipe import parse_recipe

pytestmark = pytest.mark.slow

SPANS = {"users": column("lived", "BYTES", "span"),
         "items": column("made", "BYTES", "span") + column("shown", "BYTES", "span")}
TASKS = {"find": {"head": "pairwise", "label": "like"},
         "grade": {"head": {"quantile": {"shares": [0.25, 0.75]}}, "label": "rating"},
         "many": {"head": "count", "label": "rating"},
         "both": {"head": "numbers", "labels": ["rating", "like"]}}


@pytest.fixture(scope="module")
def spec_of_spans(stalls, spec):
    users, items, interactions = spec.texts
    return parse_spec("spans", [users + SPANS["users"], items + SPANS["items"], interactions])


@pytest.fixture(scope="module")
def made(spec_of_spans, trainer_files, whole_run, tmp_path_factory):
    """A run; nobody has a value of `shown`."""
    raw, splits = tiny_shop.raw_tables(spec_of_spans)
    for side, name in (("users", "lived"), ("items", "made")):
        for place, row in enumerate(raw[side]):
            row[name] = [f"{1950 + place}-{1960 + 2 * place}"] if place % 3 else []
    for row in raw["items"]:
        row["shown"] = []
    recipe = parse_recipe(
        description="d", modalities={"span": {"years": {"middle": 1950}}}, behaviour=[],
        tasks=TASKS, rank_by="many", relevant="like", balancing="pcgrad",
        model={"dim": 4, "interaction": "inner_product"},
        training={"max_epochs": 1, "batch_size": 8})
    folder = tmp_path_factory.mktemp("spans")
    files = trainer_files(raw, splits, spec_of_spans, recipe, folder)
    return whole_run(spec_of_spans, recipe, *files, folder)


def test_its_columns_are_read_by_one_part_a_feature(made):
    assert made.summary["item_modalities"] == ["id", "made", "shown"]
    assert made.summary["user_modalities"] == ["id", "lived"]
    content = made.given.data().item_side.content
    assert {name for name in content if name.startswith("made")} == {
        "made", "made__length", "made__present"}
    assert content["made"].max() == pytest.approx(0.02 * content["made"].argmax(), abs=0.5)
    assert not content["shown__present"].any()


@pytest.fixture(scope="module")
def loaded(made):
    return tf.saved_model.load(str(made.model))


def test_an_export_says_what_each_task_predicts(made):
    (entry, *_) = [one for one in json.loads((made.written / "predictions.json").read_text())
                   if one["signature"] == "serving_default"]
    outputs = entry["outputs"]
    assert next(iter(outputs)) == "many", "what ranks is the first"
    assert np.shape(outputs["grade"])[2] == np.shape(outputs["both"])[2] == 2
    assert np.min(outputs["many"]) > 0 and np.ndim(outputs["find"]) == 2


def test_a_request_s_span_that_is_none_counts_as_absent(loaded):
    signature = loaded.signatures["explain"]
    inputs = signature.structured_input_signature[1]

    def explained(span):
        given = {name: tf.constant([b""] if one.dtype == tf.string else [-1], one.dtype)
                 if one.shape.rank == 1 else tf.zeros([1, 0], one.dtype)
                 for name, one in inputs.items()}
        outputs = signature(**{**given, "items_made": tf.constant([span])})
        return {name: value.numpy() for name, value in outputs.items()}

    broken, absent, whole = (explained(span) for span in ("last year", "", "1950-2050"))
    for name in TASKS:
        np.testing.assert_array_equal(broken[name], absent[name])
    assert whole["item_modality_weights"][0, 1] > broken["item_modality_weights"][0, 1] == 0


def test_each_of_its_numbers_has_a_gradient(loaded):
    outputs = loaded.signatures["gradients"].structured_outputs
    assert {"items_made", "items_made__length", "users_lived__length"} <= set(outputs)
