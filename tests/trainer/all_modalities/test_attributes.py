"""Users' attributes as tasks: who shows them to training, who is judged, and what never leaks."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from sklearn.metrics import roc_auc_score
from theatre import MOODS, REGIONS
from tiny_shop import USERS, examples, request

from pipeline.checks import Checks
from pipeline.evaluation import eval_config
from pipeline.results import by_label, task_metrics
from trainer.ablation.figures import _values
from trainer.data.events import read_events
from trainer.data.interactions import judged, judged_attribute, learned_attribute
from trainer.evaluation.scoring import catalogue
from trainer.recipe import BoundRecipe

FIND = {"find": {"head": "retrieval", "label": "like"}}


def test_nobody_shows_an_attribute_to_training_and_is_judged_by_it():
    ids = tf.constant([f"user {i}" for i in range(2000)])
    values, index = np.arange(2001, dtype="float32"), tf.range(1, 2001)
    learned = np.asarray(learned_attribute(values, index, ids))
    asked = np.asarray(judged_attribute(tf.constant(values), index, ids))
    assert (np.isnan(learned) != np.isnan(asked)).all()
    assert 0.07 < np.isnan(learned).mean() < 0.13
    assert np.isnan(learned_attribute(values, tf.zeros_like(index), ids)).all()
    assert np.isnan(judged_attribute(tf.constant(values), tf.zeros_like(index), ids)).all()


def test_the_same_users_are_judged_in_every_process():
    # FarmHash is stable: these are the ones of sixty.
    result = np.flatnonzero(judged(tf.constant([str(i) for i in range(60)])))
    assert result.tolist() == [22, 56]


def test_a_learned_attribute_is_no_input_and_one_that_is_not_learned_is(served, read, recipe_of):
    with_it, without = served.data.user_side.content, read(recipe_of(FIND)).user_side.content
    assert not {"age", "age__present", "region"} & set(with_it)
    assert {"age", "age__present", "region"} <= set(without)
    assert not [name for name in (*with_it, *without) if name.startswith("label__")]
    # One label of a column hides the column.
    grown = read(recipe_of({**FIND, "grown": {"head": "binary", "label": "grown"}}))
    assert "age" not in grown.user_side.content


def test_training_reads_each_users_own_attribute(served, theatre):
    result = served.data
    events = read_events(result.reader, result.files["train"])
    names = [result.users.ids[user - 1] for user in events.users]
    shown = {row["member"][0].decode(): row for row in theatre.raw["users"]}
    hidden = dict(zip(names, np.asarray(judged(tf.constant(names))), strict=True))
    for name, region, age in zip(names, events.labels["region"], events.labels["age"],
                                 strict=True):
        row = shown[name]
        known = row["region"] and not hidden[name]
        assert region == REGIONS.index(row["region"][0].decode()) if known else np.isnan(region)
        known = row["age"] and not hidden[name]
        assert age == row["age"][0] if known else np.isnan(age)
    assert np.isfinite(events.labels["region"]).any()


def test_an_ablation_measures_every_head_on_events(served):
    rows = served.data.reader.rows(
        [file for some in served.data.files.values() for file in some])
    result = _values(served.network, catalogue(served.network), served.data, rows)
    assert set(result) == {"rating_rmse", "mood_accuracy", "feels_auc"}


def test_what_each_head_answers(ask):
    candidates = tf.constant([["7", "9", "10"]])
    result = ask("serving_default", candidates=candidates, **request(user="ann"))
    assert result["region"].shape == (1, len(REGIONS)) and result["years"].shape == (1,)
    assert result["mood"].shape == (1, 3, len(MOODS)) and result["feels"].shape == (1, 3, 2)
    for name in ("region", "mood"):
        np.testing.assert_allclose(result[name].sum(-1), 1.0, rtol=1e-5)
    assert 13 <= result["years"][0] <= 110
    assert (result["feels"] > 0).all() and (result["feels"] < 1).all()
    best = ask("recommend", k=tf.constant([4]), **request(user="eve"))
    assert set(best) == {"item_ids", "scores", "rating", "mood", "feels", "user_modality_weights",
                         "item_modality_weights"}, "attributes are of no item"
    assert best["mood"].shape == (1, 4, 3)


def test_evaluation_reads_the_judged_users_attributes_alone(served, theatre):
    rows = [{**row, "member": [name]} for name in USERS for row in theatre.raw["interactions"][:1]]
    result = served.ask("transform_features", examples=examples(rows, theatre.spec))
    weight = result["weight__region"][:, 0]
    hidden = np.asarray(judged(tf.constant(USERS)))
    known = [bool(row["region"]) for row in theatre.raw["users"]]
    assert weight.tolist() == [float(h and k) for h, k in zip(hidden, known, strict=True)]
    assert result["label__feels"].shape == (len(rows), 2)
    assert set(result["weight__mood"][:, 0]) <= {0.0, 1.0}


def test_tfma_measures_every_head(served, theatre, tmp_path):
    """The Evaluator's own configuration, on the exported model and every row that is there."""
    data = tmp_path / "rows.gz"
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(data), options) as writer:
        for row in examples(theatre.raw["interactions"], theatre.spec).numpy():
            writer.write(row)
    measured = eval_config(BoundRecipe(served.recipe, theatre.spec), Checks())
    model = tfma.default_eval_shared_model(
        str(served.folder), eval_config=measured, rubber_stamp=True)
    tfma.run_model_analysis(
        eval_shared_model=model, eval_config=measured, data_location=str(data),
        output_path=str(tmp_path / "found"), file_format="tfrecords")
    result = by_label(served.recipe, task_metrics(str(tmp_path / "found")))
    rows = theatre.raw["interactions"]
    asked = served.ask("predict_examples", examples=examples(rows, theatre.spec))
    place = np.array([MOODS.index(r["mood"][0].decode()) if r["mood"] else -1 for r in rows])
    chance = asked["mood"][place >= 0, place[place >= 0]]
    assert result["mood"]["cross_entropy"] == pytest.approx(-np.log(chance).mean(), rel=1e-3)
    right = asked["mood"].argmax(1) == place
    assert result["mood"]["accuracy"] == pytest.approx(right[place >= 0].mean(), rel=1e-4)
    whole = np.array([bool(r["fear"]) for r in rows])
    joy, fear = (np.array([r[n][0] for r in rows if r["fear"]]) for n in ("joy", "fear"))
    expected = {n: roc_auc_score(label, asked["feels"][whole, i])
                for i, (n, label) in enumerate((("joy", joy), ("fear", fear)))}
    assert result["feels"]["auc_by_label"] == pytest.approx(expected, abs=0.03)
    flat = roc_auc_score(np.stack([joy, fear], 1).ravel(), asked["feels"][whole].ravel())
    assert result["feels"]["auc"] == pytest.approx(flat, abs=0.03)
