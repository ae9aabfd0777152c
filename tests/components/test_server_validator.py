import errno
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from refusals import refuses
from tiny_model import save_tiny_model

from components.server_validator import component
from components.server_validator.comparison import compare
from components.server_validator.component import validate_model
from components.server_validator.validation import (
    Prediction,
    load_predictions,
    validate_predictions,
)
from schemas.errors import TesseraError
from serving.connection import RequestError, ServerUnavailableError
from serving.server import EmbeddedServer

_LIST = {
    "item_ids": [["a", "b", "c", "d"]], "scores": [[0.9, 0.5, 0.5, 0.1]],
    "rating": [[4.0, 3.0, 2.0, 1.0]]}


def _got(item_ids, scores, rating):
    return {
        "item_ids": np.array([[item.encode() for item in item_ids]], dtype=object),
        "scores": np.array([scores], np.float32), "rating": np.array([rating], np.float32)}


def test_numbers_within_the_tolerance_are_the_same():
    result = compare({"rating": [[0.5, 1000.0]]}, {"rating": np.array([[0.500009, 1000.009]])})
    assert result.faults == [] and result.max_abs_diff == pytest.approx(0.009)


@pytest.mark.parametrize(("expected", "got", "beginnings"), [
    ({"rating": [[0.5, 2.0]]}, {"rating": [[0.50002, 2.0]]},
     ["output rating at [0, 0]: expected 0.5, got 0.50002 (1 of 2 values"]),
    ({"rating": [[0.5, 2.0]]}, {"rating": [[0.5]]},
     ["output rating: expected shape (1, 2), got (1, 1)"]),
    ({"like": [[1.0]]}, {"click": [[1.0]]},
     ["output click was not expected", "output like is missing"]),
    ({"item_ids": [["ü"]]}, {"item_ids": [["ü".encode()]]}, []),
    ({"item_ids": [["ü"]]}, {"item_ids": [[b"u"]]},
     ["output item_ids at [0, 0]: expected 'ü', got 'u' (1 of 1 values differ)"]),
])
def test_what_differs_is_told_with_its_place(expected, got, beginnings):
    faults = compare(expected, {name: np.array(values) for name, values in got.items()}).faults
    assert len(faults) == len(beginnings)
    assert all(fault.startswith(start) for fault, start in zip(faults, beginnings, strict=True))


@pytest.mark.parametrize(("got", "message"), [
    (_got("abcd", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 1]), None),
    (_got("acbd", [0.9, 0.5, 0.5, 0.1], [4, 2, 3, 1]), None),
    (_got("abce", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 7]), None),
    (_got("bacd", [0.5, 0.9, 0.5, 0.1], [3, 4, 2, 1]), "output scores at [0, 0]"),
    (_got("abed", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 1]), "output item_ids at [0, 2]: expected"),
    (_got("abcc", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 1]), "an item is there twice"),
    (_got(["a", "b", "c", ""], [0.9, 0.5, 0.5, 0.0], [4, 3, 2, 0]), "output scores at [0, 3]"),
], ids=["same", "equal items swapped", "another item of the last score", "order",
        "inner item", "twice", "short"])
def test_lists_may_differ_by_chance_only(got, message):
    faults = compare(_LIST, got).faults
    assert any(message in fault for fault in faults) if message else not faults, faults


def test_outputs_of_a_list_that_are_not_by_item_stay_in_place_and_padding_is_empty():
    weights = {"user_modality_weights": [[0.1, 0.2, 0.3, 0.4]]}  # as many as there are items
    got = _got("acbd", [0.9, 0.5, 0.5, 0.1], [4, 2, 3, 1])
    same = got | {"user_modality_weights": np.array([[0.1, 0.2, 0.3, 0.4]])}
    assert compare(_LIST | weights, same).faults == []
    other = got | {"user_modality_weights": np.array([[0.1, 0.3, 0.2, 0.4]])}
    assert len(compare(_LIST | weights, other).faults) == 1
    padded = {"item_ids": [["a", ""]], "scores": [[0.0, 0.0]]}
    filled = {"item_ids": np.array([[b"a", b"b"]]), "scores": np.zeros((1, 2))}
    assert compare(padded, filled).faults == [
        "output item_ids at [0, 1]: expected '', got 'b' (1 of 2 values differ)"]


_PREDICTIONS = [
    Prediction("serving_default", {"user_id": [user]}, {"rating": [[float(len(user))]]})
    for user in ("ann", "maria")
]


def _lengths(signature, inputs):
    return {"rating": np.array([[len(inputs["user_id"][0])]], np.float32)}


@pytest.mark.parametrize(("count", "least", "requests"), [(1, 7, 7), (4, 3, 8)])
def test_requests_are_repeated_until_there_are_enough_and_every_answer_is_asked(
        count, least, requests):
    outcome = validate_predictions(_lengths, _PREDICTIONS * count, least, max_p99_ms=1000)
    assert outcome.passed and outcome.reasons == []
    assert set(outcome.figures) == {"max_abs_diff", "p50_ms", "p99_ms", "requests"}
    assert (outcome.figures["requests"], outcome.figures["max_abs_diff"]) == (requests, 0.0)


def test_what_nobody_waits_for_is_asked_once_and_not_timed():
    slow = Prediction("gradients", {"user_id": ["bo"]}, {"rating": [[2.0]]})
    asked = []

    def predict(signature, inputs):
        asked.append(signature)
        return _lengths(signature, inputs)

    outcome = validate_predictions(predict, [slow, *_PREDICTIONS], 9, max_p99_ms=1000)
    assert outcome.passed and outcome.figures["requests"] == len(asked) == 9
    assert asked.count("gradients") == 1


def _refuse_maria(signature, inputs):
    if inputs["user_id"] == ["maria"]:
        raise RequestError("no-user", "no such user")
    return _lengths(signature, inputs)


@pytest.mark.parametrize(("predict", "count", "least", "p99", "reasons"), [
    (_lengths, [_PREDICTIONS[0],
                Prediction("serving_default", {"user_id": ["bo"]}, {"rating": [[2.5]]})],
     10, 1000, ["Request 1, serving_default, output rating at [0, 0]: expected 2.5, got 2.0 "
                "(1 of 1 values differ)."]),  # told once
    (_lengths, [], 5, 1000,
     ["Only 0 requests were answered; 5 are required (predictions.json holds 0)."]),
    (_lengths, _PREDICTIONS, 2, 0.0, ["at most 0 ms are allowed"]),
    (_refuse_maria, _PREDICTIONS, 2, 1000, [
        "Request 1, serving_default: no such user",
        "Only 1 requests were answered; 2 are required (predictions.json holds 2)."]),
])
def test_what_fails_is_a_reason(predict, count, least, p99, reasons):
    outcome = validate_predictions(predict, count, least, p99)
    assert not outcome.passed and len(outcome.reasons) == len(reasons)
    assert all(part in reason for part, reason in zip(reasons, outcome.reasons, strict=True))
    assert (outcome.figures["p99_ms"] is None) == (not count)


def test_many_wrong_answers_are_told_in_short_and_a_server_that_stops_is_asked_no_more():
    asked = []

    wrong = [Prediction("serving_default", {"user_id": [str(i)]}, {"rating": [[9.0]]})
             for i in range(25)]
    reasons = validate_predictions(_lengths, wrong, min_requests=1, max_p99_ms=1000).reasons
    assert len(reasons) == 11 and reasons[-1] == "15 more differences."

    def gone(signature, inputs):
        asked.append(inputs)
        raise ServerUnavailableError("no-server", "No server answers")

    assert not validate_predictions(gone, _PREDICTIONS, min_requests=50, max_p99_ms=1000).passed
    assert len(asked) == 1


@pytest.mark.parametrize("text", ["{", '[{"signature": "x"}]', None])
def test_answers_come_back_with_their_bytes_or_are_an_input_error(tmp_path, text):
    (tmp_path / "predictions.json").write_text(json.dumps([
        {"signature": "x", "inputs": {"examples": [{"b64": "/w=="}, "a"]}, "outputs": {}}]))
    assert load_predictions(str(tmp_path))[0].inputs == {"examples": [b"\xff", "a"]}
    (tmp_path / "predictions.json").unlink()
    if text is not None:
        (tmp_path / "predictions.json").write_text(text)
    with refuses("bad-recorded-responses"):
        load_predictions(str(tmp_path))


@pytest.fixture(scope="module")
def model_uri(tmp_path_factory):
    uri = tmp_path_factory.mktemp("model")
    save_tiny_model(uri / "Format-Serving")
    return uri


def _write_predictions(folder: Path, first_score: float) -> None:
    absent = {"timestamp": [-1], "history_item_id": [[""]], "history_timestamp": [[-1]],
              "history_rating": [[-1.0]], "user_id": ["ann"]}
    recommended = {"item_ids": [["i0", "i1"]], "scores": [[first_score, 2.0]],
                   "rating": [[first_score / 2, 1.0]], "user_modality_weights": [[0.25, 0.75]],
                   "item_modality_weights": [[[1.0], [1.0]]]}
    scored = {"retrieval": [[1.0]], "rating": [[0.5]]}
    folder.mkdir(exist_ok=True)
    (folder / "predictions.json").write_text(json.dumps([
        {"signature": "recommend", "inputs": absent | {"k": [2]}, "outputs": recommended},
        {"signature": "serving_default", "inputs": absent | {"candidates": [["i2"]]},
         "outputs": scored}]))


@pytest.fixture
def in_this_process(monkeypatch):
    """Serves without a process of its own, which would import TensorFlow anew."""

    @contextmanager
    def served(base_path):
        with EmbeddedServer(base_path) as server:
            yield server.host, server.port

    monkeypatch.setattr(component, "running_server", served)


@pytest.mark.usefixtures("in_this_process")
def test_a_model_that_answers_otherwise_fails_with_the_reason(model_uri, tmp_path):
    _write_predictions(tmp_path, first_score=3.5)
    outcome = validate_model(str(model_uri), str(tmp_path), 2, 5000.0)
    assert not outcome.passed
    assert outcome.reasons[0] == (
        "Request 0, recommend, output scores at [0, 0]: expected 3.5, got 3.0 "
        "(1 of 2 values differ)."
    )
    assert outcome.figures["max_abs_diff"] == 0.5


@pytest.mark.usefixtures("in_this_process")
def test_a_signature_that_nothing_was_recorded_of_is_a_reason(model_uri, tmp_path):
    _write_predictions(tmp_path, first_score=3.0)
    assert validate_model(str(model_uri), str(tmp_path), 2, 5000.0).passed
    file = tmp_path / "predictions.json"
    file.write_text(json.dumps(json.loads(file.read_text())[:1]))
    outcome = validate_model(str(model_uri), str(tmp_path), 1, 5000.0)
    assert not outcome.passed and "serving_default" in outcome.reasons[0]
    assert len(outcome.reasons) == 1 and outcome.figures["requests"] == 1


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(("broken", "words"), [
    ("truncated", ["The model could not be served: ", "No model version under"]),
    ("absent", ["holds no model version"]),
    ("without answers", ["There is nothing to compare with: "]),
])
def test_what_cannot_be_compared_fails_with_the_reason(model_uri, tmp_path, broken, words):
    if broken != "without answers":
        _write_predictions(tmp_path, first_score=3.0)
    if broken != "absent":
        shutil.copytree(model_uri, tmp_path / "model")
    if broken == "truncated":
        saved = tmp_path / "model" / "Format-Serving" / "saved_model.pb"
        saved.write_bytes(saved.read_bytes()[:200])
    outcome = validate_model(str(tmp_path / "model"), str(tmp_path), 2, 5000.0)
    assert not outcome.passed and all(word in outcome.reasons[0] for word in words)


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    TesseraError("ended", "The last lines:\nOSError: No space left on device"),
    TesseraError("ended", "The last lines:\nOSError: Read-only file system: '/tmp'")])
def test_what_the_machine_lacks_is_no_fault_of_the_model(model_uri, tmp_path, monkeypatch, error):
    """As a verdict it would stay in the cache after somebody made room."""

    def full(*args):
        raise error

    monkeypatch.setattr(component, "running_server", full)
    _write_predictions(tmp_path, first_score=3.0)
    with pytest.raises(type(error)) as caught:
        validate_model(str(model_uri), str(tmp_path), 2, 5000.0)
    assert caught.value is error
