"""Events alone: no rating, no time; a head that holds an event against unseen items."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from sklearn.metrics import roc_auc_score
from worlds import column, small_spec, unseen

from components.catalog_gen.tables import Encoder
from pipeline.checks import Checks
from pipeline.evaluation import eval_config
from trainer.ablation.figures import _values
from trainer.evaluation.scoring import catalogue, user_outputs
from trainer.export.keys import label_key, weight_key
from trainer.layers.losses import binary_crossentropy, click_loss
from trainer.recipe import BoundRecipe, parse_recipe
from trainer.training.multitask import MultiTaskModel

SPEC = small_spec(
    events=column("kind", "BYTES", "event_type", "weight:view=0.5", "label:bought=purchase")
    + unseen("others"), item="INT what", one=True, name="events")
RECIPE = parse_recipe(
    description="events", modalities=(), model={"dim": 4},
    tasks={"retrieval": {"head": "retrieval"}, "click": {"head": "click"},
           "bought": {"head": "binary", "label": "bought"}},
)
ENCODER = Encoder(SPEC, "interactions")
WHO, WHAT = [b"ann", b"bob", b"cyd"], [1, 2, 3, 10]


def event(who: bytes, what: int, kind: str, others: list[int]) -> dict:
    return {"member": [who], "film": [what], "who": [who], "what": [what],
            "kind": [kind.encode()] * bool(kind), "others": others}


ROWS = [
    event(b"ann", 1, "view", [2, 3]), event(b"ann", 10, "purchase", [3, 2]),
    event(b"bob", 2, "purchase", [1, 10]), event(b"bob", 3, "", [1, 10]),
    event(b"cyd", 3, "purchase", [1]), event(b"cyd", 1, "view", [10, 2])]
SPLITS = ["train", "train", "train", "validation", "test", "test"]


@pytest.fixture(scope="module")
def shop(build_world):
    raw = {"users": [{"who": [w]} for w in WHO], "items": [{"what": [w]} for w in WHAT],
           "interactions": ROWS}
    return build_world(SPEC, RECIPE, raw, SPLITS)


@pytest.fixture(scope="module")
def exported(shop, export):
    return export(shop, length=0, scale=0.5)


@pytest.fixture(scope="module")
def network(exported):
    return exported.network


def test_rows_without_times_become_inputs_labels_and_weights(shop):
    reader, files = shop.data.reader, shop.data.files
    rows = {n: np.concatenate([reader.rows(some)[n] for some in files.values()])
            for n in reader.rows(files["train"])}
    assert (rows["timestamp"] == -1).all()
    by_pair = {(user.decode(), int(item)): place for place, (user, item) in
               enumerate(zip(rows["user_id"], rows["item_id"], strict=True))}
    view, bought, unknown = (by_pair[pair] for pair in [("ann", 1), ("ann", 10), ("bob", 3)])
    assert rows["weight__event"][[view, bought, unknown]].tolist() == [0.5, 1, 1]
    assert rows["label__bought"][[view, bought]].tolist() == [0, 1]
    assert np.isnan(rows["label__bought"][unknown])
    assert rows["unseen_index"][view].tolist() == [2, 3]
    assert rows["unseen_index"][by_pair[("cyd", 3)]].tolist() == [1, 0]


def test_a_training_batch_holds_what_the_losses_need(shop, network):
    inputs, labels = next(iter(shop.data.reader.batches(shop.data.files["train"], 3, 0)))
    model = MultiTaskModel(network.training, RECIPE, np.full(5, 0.2))
    outputs = model(inputs, training=False)
    assert outputs["click"].shape == (3, 3)
    losses = model.task_losses(labels, outputs)
    weight = labels["weight__event"].numpy()
    given = np.zeros((3, 3), "float32")
    given[:, 0] = 1
    rows = np.asarray(binary_crossentropy(outputs["click"], given))
    expected = (rows * weight[:, None]).sum() / (3 * weight.sum())
    assert float(losses["click"]) == pytest.approx(expected, rel=1e-5)


def test_places_without_an_unseen_item_do_not_count():
    logits = keras.ops.convert_to_tensor([[2.0, -1.0, 9.0]])
    weight = keras.ops.ones((1,))
    loss = click_loss(logits, weight, keras.ops.convert_to_tensor([[4, 0]]))
    expected = (np.log1p(np.exp(-2.0)) + np.log1p(np.exp(-1.0))) / 2
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(click_loss(logits, weight * 0, keras.ops.convert_to_tensor([[4, 0]]))) == 0


def test_the_export_answers_for_the_item_and_its_unseen_ones(exported):
    signatures = exported.signatures
    examples = tf.constant([ENCODER.encode(row) for row in ROWS])
    predictions = signatures["predict_examples"](examples=examples)
    columns = signatures["transform_features"](examples=examples)
    assert predictions["click"].shape == (6, 3) and predictions["bought"].shape == (6,)
    assert (predictions["click"].numpy() > 0).all() and (predictions["click"].numpy() < 1).all()
    assert columns[label_key("click")].numpy().tolist() == [[1, 0, 0]] * 6
    # Who has fewer unseen items than there are places cannot be judged.
    assert columns[weight_key("click")].numpy()[:, 0].tolist() == [1, 1, 1, 1, 0, 1]
    scored = signatures["serving_default"](
        user_id=tf.constant(["ann"]), timestamp=tf.constant([-1], tf.int64),
        history_item_id=tf.constant([[""]]), history_timestamp=tf.constant([[-1]], tf.int64),
        candidates=tf.constant([["1", "2", "3"]]))
    np.testing.assert_allclose(
        scored["click"].numpy()[0], predictions["click"].numpy()[0], rtol=1e-5)


def test_an_ablation_compares_the_item_with_its_unseen_ones(shop, network):
    rows = shop.data.reader.rows([file for some in shop.data.files.values() for file in some])
    result = _values(network, catalogue(network), shop.data, rows)
    assert set(result) == {"click_auc", "bought_auc"}
    judged = (rows["unseen_index"] > 0).all(axis=1)
    user = user_outputs(network, shop.data.reader.inputs(rows))["click"][judged]
    own, *others = (network.heads["click"](user, catalogue(network).vectors[index]) for index in (
        rows["item_index"][judged], *rows["unseen_index"][judged].T))
    chance = roc_auc_score([1] * len(own) + [0] * 2 * len(own), np.concatenate([own, *others]))
    assert result["click_auc"] == pytest.approx(chance)


def test_tfma_counts_each_compared_item(exported, tmp_path):
    written = str(tmp_path / "rows.tfrecord")
    with tf.io.TFRecordWriter(written) as writer:
        for row in ROWS:
            writer.write(ENCODER.encode(row))
    config = eval_config(BoundRecipe(RECIPE, SPEC), Checks())
    shared = tfma.default_eval_shared_model(
        str(exported.folder), eval_config=config, tags=[tf.saved_model.SERVING], rubber_stamp=True)
    result = tfma.run_model_analysis(
        shared, config, data_location=written, output_path=str(tmp_path / "out"),
        extractors=tfma.default_extractors(eval_shared_model=shared, eval_config=config))
    metrics = dict(result.slicing_metrics)[()]["click"][""]
    predictions = exported.ask("predict_examples", examples=tf.constant(
        [ENCODER.encode(row) for row in ROWS]))["click"]
    judged = predictions[[0, 1, 2, 3, 5]]
    own, others = judged[:, 0], judged[:, 1:].ravel()
    right = (own > 0.5).sum() + (others <= 0.5).sum()
    assert metrics["accuracy"]["doubleValue"] == pytest.approx(right / 15, abs=1e-6)
    pairs = (own[:, None] > others).mean() + (own[:, None] == others).mean() / 2
    assert metrics["auc"]["doubleValue"] == pytest.approx(pairs, abs=0.02)
