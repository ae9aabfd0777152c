"""A model with one task alone: TFMA takes a single prediction out of its dictionary."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from tiny_shop import examples

from pipeline.checks import Checks
from pipeline.evaluation import eval_config
from pipeline.results import task_metrics
from trainer.recipe import BoundRecipe


@pytest.mark.slow
def test_tfma_measures_the_only_task(shop, recipe, spec, export, tmp_path):
    alone = recipe.model_copy(update={
        "tasks": {"rating": recipe.tasks["rating"]}, "rank_by": "rating"})
    exported = export(shop, recipe=alone)
    rows = shop.raw["interactions"]
    data = tmp_path / "rows.gz"
    with tf.io.TFRecordWriter(str(data), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        for row in examples(rows, spec).numpy():
            writer.write(row)
    measured = eval_config(BoundRecipe(alone, spec), Checks())
    tfma.run_model_analysis(
        eval_shared_model=tfma.default_eval_shared_model(
            str(exported.folder), eval_config=measured, rubber_stamp=True),
        eval_config=measured, data_location=str(data), output_path=str(tmp_path / "found"),
        file_format="tfrecords")
    predicted = exported.ask("predict_examples", examples=examples(rows, spec))["rating"]
    rated = np.array([bool(row["stars"]) for row in rows])
    stars = np.array([row["stars"][0] for row in rows if row["stars"]])
    error = np.sqrt(np.mean((predicted[rated] - stars) ** 2))
    result = task_metrics(str(tmp_path / "found"))
    assert set(result) == {"rating"} and result["rating"]["rmse"] == pytest.approx(error, rel=1e-4)
