"""The SavedModel's signatures, reloaded, against direct calls of the network."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from tiny_shop import DAY, ITEMS, MET, examples, request, together

from components.server_validator.comparison import compare
from components.server_validator.validation import load_predictions
from docs.signatures import PAGE, signatures_table, with_table
from serving.model_files import write_manifest
from serving.servable import Servable
from trainer.evaluation.scoring import catalogue, ranking_scores
from trainer.export.predictions import recorded
from trainer.export.samples import WARM_UP, SampleRequests, write_warm_up

NAMES = [str(i) for i in ITEMS]
TASKS = {"retrieval", "rating", "like"}
WEIGHTS = {"user_modality_weights", "item_modality_weights"}
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(scope="module")
def all_rows(shop):
    """All transformed interactions, in the order of the splits."""
    return shop.data.reader.rows([f for files in shop.data.files.values() for f in files])


@pytest.fixture(scope="module")
def by_pair(exported, shop):
    """The training model's predictions for rows, each with an item index."""

    def by_pair(rows, index):
        inputs = {**shop.data.reader.inputs(rows), "item_index": np.asarray(index, np.int32)}
        result = {n: np.asarray(v) for n, v in exported.network.training(inputs).items()}
        return {
            "retrieval": (result["query"] * result["candidate"]).sum(axis=1),
            "rating": np.clip(result["rating"], 1, 5), "like": 1 / (1 + np.exp(-result["like"]))}

    return by_pair


def _sent(rows):
    """The rows as a request."""
    return {
        "user_id": tf.constant(rows["user_id"]), "timestamp": tf.constant(rows["timestamp"]),
        "history_item_id": tf.constant(rows["history_item_id"]),
        "history_timestamp": tf.constant(rows["history_time"]),
        "history_stars": tf.constant(rows["history__stars"]),
    }


def _candidates(names, rows=1):
    return tf.constant([list(names)] * rows)


def _score(exported, names=("", *NAMES), **user):
    inputs = request(**user)
    return exported.ask("serving_default", candidates=_candidates(names), **inputs)


def test_scores_of_candidates_are_the_training_models(exported, all_rows, by_pair):
    rows = {n: v[-8:] for n, v in all_rows.items()}
    result = exported.ask("serving_default", candidates=_candidates(["", *NAMES], 8), **_sent(rows))
    assert set(result) == TASKS | WEIGHTS
    for index in range(len(ITEMS) + 1):
        expected = by_pair(rows, [index] * 8)
        for task in TASKS:
            np.testing.assert_allclose(result[task][:, index], expected[task], **CLOSE)
    assert result["user_modality_weights"].shape == (8, len(exported.network.user_modalities))
    np.testing.assert_allclose(
        result["item_modality_weights"][0], catalogue(exported.network)[1], **CLOSE)


def test_without_a_time_the_newest_event_gives_it(exported):
    times = [20 * DAY, 19 * DAY]
    sent = {"films": NAMES[:2], "times": times, "stars": [5.0, 1.0]}
    with_time, without = (_score(exported, at=at, **sent) for at in (times[0], -1))
    np.testing.assert_array_equal(with_time["retrieval"], without["retrieval"])
    later = _score(exported, at=50 * DAY, **sent)
    assert np.abs(later["retrieval"] - without["retrieval"]).max() > 1e-3


def test_a_history_longer_than_the_models_is_cut(exported):
    full = {"films": NAMES[:8], "times": np.arange(20, 12, -1) * DAY, "stars": [4.0] * 8}
    cut = {name: value[:5] for name, value in full.items()}
    np.testing.assert_array_equal(
        _score(exported, **full)["like"], _score(exported, **cut)["like"])


def test_what_is_no_event_changes_nothing(exported):
    """Padding is neutral, and so is what is sent for a place without an item."""
    times = [20 * DAY, 19 * DAY]
    given = _score(exported, films=NAMES[:2], times=times, stars=[5.0, 1.0])
    padded = _score(exported, films=[*NAMES[:2], "", "", "", "", ""],
                    times=[*times, 18 * DAY, 17 * DAY, -1, -1, -1],
                    stars=[5.0, 1.0, 4.0, -1.0, -1.0, -1.0, -1.0])
    for name, value in given.items():
        np.testing.assert_array_equal(value, padded[name], err_msg=name)


def test_nobody_and_an_unknown_user_get_the_same_answer(exported):
    nobody = _score(exported)
    unknown_user = _score(exported, user="stranger")
    for name, value in nobody.items():
        assert np.isfinite(value).all(), name
        np.testing.assert_array_equal(value, unknown_user[name])


def _recommend(exported, k, *requests):
    return exported.ask("recommend", k=tf.constant(k, tf.int32), **together(*requests))


def test_recommendations_are_the_best_unseen_of_the_catalogue(exported, shop):
    """A brute force over `serving_default`; ann and the others have two items left, eve all."""
    users, names = ["", *shop.data.users.ids], ("ann", "dot", "eve", "")
    asked = [request(user=name, at=30 * DAY) for name in names]
    result = _recommend(exported, [4, 4, 4, 4], *asked)
    for row, one in enumerate(asked):
        scores = exported.ask("serving_default", candidates=_candidates(NAMES), **one)
        interactions = exported.events.items[exported.events.users == users.index(names[row])] - 1
        left = [i for i in np.argsort(-scores["retrieval"][0]) if i not in interactions][:4]
        expected = [NAMES[i].encode() for i in left]
        assert result["item_ids"][row].tolist() == expected + [b""] * (4 - len(left))
        for task in TASKS:
            shown = result["scores" if task == "retrieval" else task][row]
            np.testing.assert_allclose(shown[: len(left)], scores[task][0, left], **CLOSE)
            assert not shown[len(left) :].any()
        np.testing.assert_allclose(result["user_modality_weights"][row],
                                   scores["user_modality_weights"][0], **CLOSE)
        np.testing.assert_allclose(result["item_modality_weights"][row, : len(left)],
                                   scores["item_modality_weights"][0, left], **CLOSE)
    assert (result["item_ids"] != b"").sum(axis=1).tolist() == [len(ITEMS) - MET] * 2 + [4, 4]


def test_each_row_has_its_own_k(exported):
    result = _recommend(exported, [3, 1, 0, -2], *[request(user="eve")] * 4)
    assert set(result) == {"item_ids", "scores", "rating", "like"} | WEIGHTS
    assert (result["item_ids"] != b"").sum(axis=1).tolist() == [3, 1, 0, 0]
    assert result["item_ids"].shape == (4, 3)
    assert result["item_ids"][1, 0] == result["item_ids"][0, 0]
    for name in ("scores", "rating", "like", "item_modality_weights"):
        assert not result[name][1, 1:].any() and not result[name][2:].any()


def test_a_k_beyond_the_catalogue_gives_all_of_it_once(exported):
    result = _recommend(exported, [500], request())
    assert sorted(result["item_ids"][0]) == sorted(name.encode() for name in NAMES)
    assert (np.diff(result["scores"][0]) <= 0).all()


def test_items_in_a_request_are_not_recommended_however_many_they_are(exported):
    films = [*NAMES[:8], "unknown"]  # the model reads five of them
    result = _recommend(exported, [10], request(
        films=films, times=[DAY] * 9, stars=[5.0] * 9))
    left = {name for name in result["item_ids"][0] if name}
    assert left == {name.encode() for name in NAMES[8:]}


def test_examples_are_predicted_from_their_own_history(exported, shop, spec, all_rows, by_pair):
    raw = _in_order(shop, all_rows)
    result = exported.ask("predict_examples", examples=examples(raw, spec))
    expected = by_pair(all_rows, all_rows["item_index"])
    assert set(result) == TASKS
    for task in TASKS:
        np.testing.assert_allclose(result[task], expected[task], **CLOSE)


def _in_order(shop, rows):
    raw = {(r["member"][0], b"%d" % r["film"][0]): r for r in shop.raw["interactions"]}
    return [raw[pair] for pair in zip(rows["user_id"], rows["item_id"], strict=True)]


def test_examples_rank_the_catalogue_without_regard_to_item_and_label(
    exported, shop, spec, all_rows):
    raw = _in_order(shop, all_rows)
    result = exported.ask("rank_examples", examples=examples(raw, spec))["scores"]
    expected = ranking_scores(
        exported.network, all_rows, catalogue(exported.network))
    np.testing.assert_allclose(result, expected[:, 1:], **CLOSE)
    changed = [{**row, "film": [424242], "stars": [1.0]} for row in raw]
    again = exported.ask("rank_examples", examples=examples(changed, spec))["scores"]
    np.testing.assert_array_equal(result, again)
    forgotten = [{**row, "past_films": [], "past_times": [], "past_stars": []} for row in raw]
    again = exported.ask("rank_examples", examples=examples(forgotten, spec))["scores"]
    assert np.abs(result - again)[-8:].max() > 1e-3, "the stored history stood in"


def test_the_catalogue_names_its_places(exported):
    result = exported.ask("catalogue", index=tf.constant([0, 9, 10, -1, 10**6]))
    assert result["item_ids"].tolist() == [b"7", b"1000", b"", b"", b""]
    assert result["size"].tolist() == [10] * 5
    assert result["size"].dtype == np.int64


def test_every_input_and_output_has_a_leading_batch_dimension(exported):
    assert set(exported.signatures) == {
        "serving_default", "recommend", "embed_item", "score_item", "predict_examples",
        "rank_examples", "transform_features", "catalogue", "explain", "gradients",
        "recommend_filtered", "similar_items", "user_profile"}
    for name, signature in exported.signatures.items():
        for key, tensor in signature.structured_input_signature[1].items():
            assert tensor.shape.rank and tensor.shape[0] is None, (name, key)
        for key, tensor in signature.structured_outputs.items():
            assert tensor.shape.rank != 0, (name, key)


def test_the_docs_have_the_table_of_these_signatures(exported):
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, signatures_table(exported.folder))


def test_a_server_without_python_finds_the_variables_and_says_what_was_recorded(
    exported, shop, spec, tmp_path):
    """Of each signature; the warm-up's requests are those of TensorFlow Serving's own message."""
    shutil.copytree(exported.folder, tmp_path / "1")
    raw = shop.transforms["interactions"].raw_feature_spec()
    requests = SampleRequests(
        spec, shop.data.users, shop.data.items, raw)(exported.signatures)
    write_warm_up(requests, tmp_path / "1")
    write_manifest(tmp_path / "1")
    (tmp_path / "predictions.json").write_text(
        json.dumps(recorded(exported.signatures, requests)), encoding="utf-8")
    servable = Servable(tmp_path / "1")
    servable.warm_up()
    logs = [PredictionLog.FromString(one.numpy())
            for one in tf.data.TFRecordDataset(str(tmp_path / "1" / WARM_UP))]
    predictions = load_predictions(str(tmp_path))
    assert {one.signature for one in predictions} == set(exported.signatures)
    for log, prediction in zip(logs, predictions, strict=True):
        request = log.predict_log.request
        assert request.model_spec.signature_name == prediction.signature
        asked = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        result = servable.run(prediction.signature, asked, sorted(prediction.outputs))
        assert compare(prediction.outputs, result).faults == [], prediction.signature
