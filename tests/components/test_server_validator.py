import errno
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tfx.types import standard_artifacts
from tfx.types.channel_utils import as_channel
from tiny_model import save_tiny_model

from components.artifacts import Answers, Verdict
from components.server_validator import executor
from components.server_validator.comparison import compare
from components.server_validator.component import ServerValidator
from components.server_validator.executor import Executor, validate_model
from components.server_validator.validation import Answer, load_answers, validate_answers
from components.verdict import Outcome
from schemas.errors import InputError, TesseraError
from serving.client import RequestError, ServerUnavailableError
from serving.server import EmbeddedServer

_LIST = {
    "item_ids": [["a", "b", "c", "d"]],
    "scores": [[0.9, 0.5, 0.5, 0.1]],
    "rating": [[4.0, 3.0, 2.0, 1.0]],
}


def _got(item_ids, scores, rating):
    return {
        "item_ids": np.array([[item.encode() for item in item_ids]], dtype=object),
        "scores": np.array([scores], np.float32),
        "rating": np.array([rating], np.float32),
    }


def test_numbers_within_the_tolerance_are_the_same():
    found = compare(
        "serving_default",
        {"rating": [[0.5, 1000.0]]},
        {"rating": np.array([[0.500009, 1000.009]])},
    )

    assert found.faults == []
    assert found.max_abs_diff == pytest.approx(0.009)


@pytest.mark.parametrize(
    ("got", "told"),
    [
        ([[0.50002, 2.0]], "output rating at [0, 0]: expected 0.5, got 0.50002 (1 of 2 values"),
        ([[0.5, np.nan]], "output rating at [0, 1]: expected 2.0, got nan"),
        ([[0.5]], "output rating: expected shape (1, 2), got (1, 1)"),
    ],
)
def test_other_numbers_are_told_with_their_place(got, told):
    found = compare("serving_default", {"rating": [[0.5, 2.0]]}, {"rating": np.array(got)})

    assert len(found.faults) == 1
    assert found.faults[0].startswith(told)


def test_nan_is_never_the_expected_answer():
    assert compare("x", {"rating": [float("nan")]}, {"rating": np.array([np.nan])}).faults


def test_outputs_that_are_missing_or_new_are_told():
    found = compare("serving_default", {"like": [[1.0]]}, {"click": np.array([[1.0]])})

    assert found.faults == ["output click was not expected", "output like is missing"]


def test_strings_are_compared_as_text():
    outputs = {"item_ids": [["ü"]]}

    assert not compare("catalogue", outputs, {"item_ids": np.array([["ü".encode()]])}).faults
    assert compare("catalogue", outputs, {"item_ids": np.array([[b"u"]])}).faults == [
        "output item_ids at [0, 0]: expected 'ü', got 'u' (1 of 1 values differ)"
    ]


@pytest.mark.parametrize(
    "got",
    [
        _got("abcd", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 1]),
        _got("acbd", [0.9, 0.5, 0.5, 0.1], [4, 2, 3, 1]),
        _got("abce", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 7]),
    ],
    ids=["same", "equal items swapped", "another item of the last score"],
)
def test_lists_that_differ_by_chance_only_are_the_same(got):
    assert compare("recommend", _LIST, got).faults == []


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (_got("bacd", [0.9, 0.5, 0.5, 0.1], [3, 4, 2, 1]), "output scores at [0, 0]"),
        (_got("bacd", [0.5, 0.9, 0.5, 0.1], [3, 4, 2, 1]), "output scores at [0, 0]"),
        (_got("abed", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 1]), "output item_ids at [0, 2]: expected"),
        (_got("acbd", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 1]), "output rating at [0, 1]"),
        (_got("abce", [0.9, 0.5, 0.5, 0.2], [4, 3, 2, 1]), "output scores at [0, 3]"),
        (_got("abcc", [0.9, 0.5, 0.5, 0.1], [4, 3, 2, 1]), "an item is there twice"),
        (_got(["a", "b", "c", ""], [0.9, 0.5, 0.5, 0.0], [4, 3, 2, 0]), "output scores at [0, 3]"),
    ],
    ids=["ids swapped", "order", "inner item", "task not moved", "last score", "twice", "short"],
)
def test_lists_that_differ_are_told(got, told):
    faults = compare("recommend", _LIST, got).faults

    assert any(told in fault for fault in faults), faults


def test_outputs_of_a_list_that_are_not_by_item_stay_in_place():
    weights = {"user_modality_weights": [[0.1, 0.2, 0.3, 0.4]]}  # as many as there are items
    got = _got("acbd", [0.9, 0.5, 0.5, 0.1], [4, 2, 3, 1])

    same = got | {"user_modality_weights": np.array([[0.1, 0.2, 0.3, 0.4]])}
    assert compare("recommend", _LIST | weights, same).faults == []
    other = got | {"user_modality_weights": np.array([[0.1, 0.3, 0.2, 0.4]])}
    assert len(compare("recommend", _LIST | weights, other).faults) == 1


def test_padding_of_a_list_stays_empty():
    expected = {"item_ids": [["a", ""]], "scores": [[0.0, 0.0]]}
    got = {"item_ids": np.array([[b"a", b"b"]]), "scores": np.zeros((1, 2))}

    assert compare("recommend", expected, got).faults == [
        "output item_ids at [0, 1]: expected '', got 'b' (1 of 2 values differ)"
    ]


_ANSWERS = [
    Answer("serving_default", {"user_id": [user]}, {"rating": [[float(len(user))]]})
    for user in ("ann", "maria")
]


def _lengths(signature, inputs):
    return {"rating": np.array([[len(inputs["user_id"][0])]], np.float32)}


def test_requests_are_repeated_until_there_are_enough():
    outcome = validate_answers(_lengths, _ANSWERS, min_requests=7, max_p99_ms=1000)

    assert outcome.passed and outcome.reasons == []
    assert set(outcome.figures) == {"max_abs_diff", "p50_ms", "p99_ms", "requests"}
    assert outcome.figures["requests"] == 7
    assert outcome.figures["max_abs_diff"] == 0.0


def test_every_answer_is_asked_also_when_fewer_would_do():
    outcome = validate_answers(_lengths, _ANSWERS * 4, min_requests=3, max_p99_ms=1000)

    assert outcome.figures["requests"] == 8


def test_a_wrong_answer_is_told_once():
    wrong = [_ANSWERS[0], Answer("serving_default", {"user_id": ["bo"]}, {"rating": [[2.5]]})]

    outcome = validate_answers(_lengths, wrong, min_requests=10, max_p99_ms=1000)

    assert not outcome.passed
    assert outcome.reasons == [
        "Request 1, serving_default, output rating at [0, 0]: expected 2.5, got 2.0 "
        "(1 of 1 values differ)."
    ]
    assert outcome.figures["max_abs_diff"] == 0.5


def test_many_wrong_answers_are_told_in_short():
    outputs = {"rating": [[9.0]]}
    wrong = [Answer("serving_default", {"user_id": [str(i)]}, outputs) for i in range(25)]

    outcome = validate_answers(_lengths, wrong, min_requests=1, max_p99_ms=1000)

    assert len(outcome.reasons) == 11
    assert outcome.reasons[-1] == "15 more differences."


def test_no_answers_is_a_failure():
    outcome = validate_answers(_lengths, [], min_requests=5, max_p99_ms=1000)

    assert not outcome.passed
    assert outcome.reasons == [
        "Only 0 requests were answered; 5 are required (answers.json holds 0)."
    ]
    assert outcome.figures["p99_ms"] is None


def test_a_slow_server_is_a_failure():
    outcome = validate_answers(_lengths, _ANSWERS, min_requests=2, max_p99_ms=0.0)

    assert not outcome.passed
    assert "at most 0 ms are allowed" in outcome.reasons[0]


def test_a_refused_request_is_told_and_does_not_count():
    def refuse_maria(signature, inputs):
        if inputs["user_id"] == ["maria"]:
            raise RequestError("no-user", "no such user")
        return _lengths(signature, inputs)

    outcome = validate_answers(refuse_maria, _ANSWERS, min_requests=2, max_p99_ms=1000)

    assert outcome.reasons == [
        "Request 1, serving_default: no such user",
        "Only 1 requests were answered; 2 are required (answers.json holds 2).",
    ]


def test_a_server_that_stops_is_asked_no_more():
    asked = []

    def gone(signature, inputs):
        asked.append(inputs)
        raise ServerUnavailableError("no-server", "No server answers")

    outcome = validate_answers(gone, _ANSWERS, min_requests=50, max_p99_ms=1000)

    assert not outcome.passed
    assert len(asked) == 1


@pytest.mark.parametrize("text", ["{", '["x"]', '[{"signature": "x"}]', None])
def test_answers_that_cannot_be_read_are_an_input_error(tmp_path, text):
    if text is not None:
        (tmp_path / "answers.json").write_text(text)

    with pytest.raises(InputError, match="must be a JSON list of objects with signature"):
        load_answers(str(tmp_path))


@pytest.fixture(scope="module")
def model_uri(tmp_path_factory) -> Path:
    uri = tmp_path_factory.mktemp("model")
    save_tiny_model(uri / "Format-Serving")
    return uri


def _write_answers(folder: Path, first_score: float) -> None:
    absent = {
        "timestamp": [-1], "history_item_id": [[""]], "history_timestamp": [[-1]],
        "history_rating": [[-1.0]], "user_id": ["ann"],
    }
    answers = [
        {
            "signature": "recommend",
            "inputs": absent | {"k": [2]},
            "outputs": {
                "item_ids": [["i0", "i1"]], "scores": [[first_score, 2.0]],
                "rating": [[first_score / 2, 1.0]],
                "user_modality_weights": [[0.25, 0.75]],
                "item_modality_weights": [[[1.0], [1.0]]],
            },
        },
        {
            "signature": "serving_default",
            "inputs": absent | {"candidates": [["i2"]]},
            "outputs": {"retrieval": [[1.0]], "rating": [[0.5]]},
        },
    ]
    folder.mkdir(exist_ok=True)
    (folder / "answers.json").write_text(json.dumps(answers))


def _artifact(kind, uri):
    made = kind()
    made.uri = str(uri)
    return [made]


def test_the_component_passes_a_model_that_answers_as_recorded(model_uri, tmp_path):
    _write_answers(tmp_path / "answers", first_score=3.0)

    Executor().Do(
        {
            "model": _artifact(standard_artifacts.Model, model_uri),
            "answers": _artifact(Answers, tmp_path / "answers"),
        },
        {"verdict": _artifact(Verdict, tmp_path / "verdict")},
        {"min_requests": 20, "max_p99_ms": 5000.0, "code_digest": "x"},
    )

    outcome = Outcome.load(str(tmp_path / "verdict"))
    assert outcome.passed, outcome.reasons
    assert outcome.figures["requests"] == 20
    assert 0 < outcome.figures["p50_ms"] <= outcome.figures["p99_ms"]


def test_a_model_that_answers_otherwise_fails_with_the_reason(model_uri, tmp_path, monkeypatch):
    @contextmanager
    def in_this_process(base_path):
        with EmbeddedServer(base_path) as server:
            yield server.host, server.port

    monkeypatch.setattr(executor, "running_server", in_this_process)
    _write_answers(tmp_path, first_score=3.5)

    outcome = validate_model(str(model_uri), str(tmp_path), 2, 5000.0)

    assert not outcome.passed
    assert outcome.reasons[0] == (
        "Request 0, recommend, output scores at [0, 0]: expected 3.5, got 3.0 "
        "(1 of 2 values differ)."
    )
    assert outcome.figures["max_abs_diff"] == 0.5


def test_a_truncated_model_fails_with_the_reason(model_uri, tmp_path):
    _write_answers(tmp_path, first_score=3.0)
    shutil.copytree(model_uri, tmp_path / "model")
    saved = tmp_path / "model" / "Format-Serving" / "saved_model.pb"
    saved.write_bytes(saved.read_bytes()[:200])

    outcome = validate_model(str(tmp_path / "model"), str(tmp_path), 2, 5000.0)

    assert not outcome.passed
    assert outcome.reasons[0].startswith("The model could not be served: ")
    assert "No model version under" in outcome.reasons[0]


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    TesseraError("ended", "The last lines:\nOSError: No space left on device"),
    PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    TesseraError("ended", "The last lines:\nOSError: Read-only file system: '/tmp'"),
    TesseraError("ended", "The last lines:\nOSError: Cannot allocate memory"),
])
def test_what_the_machine_lacks_is_no_fault_of_the_model(model_uri, tmp_path, monkeypatch, error):
    """As a verdict it would stay in the cache after somebody made room."""

    def full(*args):
        raise error

    monkeypatch.setattr(executor, "running_server", full)
    _write_answers(tmp_path, first_score=3.0)

    with pytest.raises(type(error)) as caught:
        validate_model(str(model_uri), str(tmp_path), 2, 5000.0)
    assert caught.value is error


def test_an_absent_model_fails_with_the_reason(tmp_path):
    _write_answers(tmp_path, first_score=3.0)

    outcome = validate_model(str(tmp_path / "absent"), str(tmp_path), 2, 5000.0)

    assert not outcome.passed
    assert "holds no model version" in outcome.reasons[0]


def test_absent_answers_fail_with_the_reason(model_uri, tmp_path):
    outcome = validate_model(str(model_uri), str(tmp_path), 2, 5000.0)

    assert not outcome.passed
    assert outcome.reasons[0].startswith("There is nothing to compare with: ")


def test_a_whole_number_of_milliseconds_may_be_given():
    component = ServerValidator(
        model=as_channel([standard_artifacts.Model()]),
        answers=as_channel([Answers()]),
        max_p99_ms=250,
    )

    assert component.exec_properties["max_p99_ms"] == 250.0
    assert component.exec_properties["min_requests"] == 100
    assert len(component.exec_properties["code_digest"]) == 16
    assert component.outputs["verdict"].type is Verdict


def test_server_errors_share_the_base_of_told_errors():
    assert issubclass(ServerUnavailableError, TesseraError)
    assert RequestError("x", "y").exit_code == 2
