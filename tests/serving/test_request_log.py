import errno
import resource

import numpy as np
import pytest
import tensorflow as tf
from refusals import refuses
from tensorflow_serving.apis import prediction_log_pb2

from serving import request_log, wire
from serving.request_log import HISTORIES, HISTORIES_FILE, RequestLog, logged_histories
from serving.tensors import tensor_proto


def request(users):
    result = wire.message("PredictRequest")()
    result.inputs["user_id"].CopyFrom(tensor_proto(np.array(users, object)))
    result.inputs["k"].CopyFrom(tensor_proto(np.array([3] * len(users), np.int32)))
    return result


def response():
    result = wire.message("PredictResponse")()
    result.model_spec.version.value = 7
    result.outputs["scores"].CopyFrom(tensor_proto(np.ones((1, 3), np.float32)))
    return result


def logged(folder):
    files = sorted(map(str, folder.iterdir()))
    return [prediction_log_pb2.PredictionLog.FromString(one.numpy())
            for one in tf.data.TFRecordDataset(files)]


def test_a_request_is_logged_as_tensorflow_serving_does_without_the_users_ids(tmp_path):
    log, asked = RequestLog(tmp_path / "log", 1.0), request(["ann", "", "bob", "ann"])
    log("recommend", asked, response())
    log("recommend", asked, response())
    log.close()
    one, other = logged(tmp_path / "log")
    assert one.log_metadata.model_spec.version.value == 7 and one.log_metadata.timestamp_secs > 0
    assert tf.make_ndarray(one.predict_log.response.outputs["scores"]).tolist() == [[1, 1, 1]]
    users = tf.make_ndarray(one.predict_log.request.inputs["user_id"]).tolist()
    assert users[0] == users[3] != users[2] and users[1] == b""
    assert tf.make_ndarray(other.predict_log.request.inputs["user_id"]).tolist() == users
    content = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir())
    assert b"ann" not in content and b"bob" not in content
    assert asked.inputs["user_id"].string_val[0] == b"ann", "the request is as it was"
    again = RequestLog(tmp_path / "again", 1.0)
    again("recommend", asked, response())
    again.close()
    (third,) = logged(tmp_path / "again")
    assert tf.make_ndarray(third.predict_log.request.inputs["user_id"])[0] != users[0]


def test_of_histories_what_may_be_logged_is_and_nothing_that_a_client_adds(tmp_path):
    asked = request(["ann"])
    for name, values in (("history_item_id", [["i1"]]), ("history_type", [["bought"]]),
                         ("history_review", [["I am ill"]])):
        asked.inputs[name].CopyFrom(tensor_proto(np.array(values, object)))
    asked.inputs["history_age"].CopyFrom(tensor_proto(np.array([[57.0]], np.float32)))
    asked.inputs["k"].tensor_shape.dim[0].name = "I am ill"
    asked.model_spec.version_label = "I am ill"
    whole = type(asked).FromString(asked.SerializeToString() + b"\x7a\x08I am ill")
    log = RequestLog(tmp_path, 1.0)
    log("recommend", whole, response(), {"history_item_id", "history_type"})
    log("recommend", whole, response())
    log.close()
    one, other = ({name: tf.make_ndarray(value).tolist()
                   for name, value in one.predict_log.request.inputs.items()}
                  for one in logged(tmp_path))
    assert one["history_item_id"] == [[b"i1"]] and one["history_type"] == [[b"bought"]]
    assert one["history_review"] == [[b""]] and one["history_age"] == [[-1]] and one["k"] == [3]
    assert other["history_item_id"] == [[b"i1"]] and other["history_type"] == [[b""]]
    assert b"ill" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_an_id_that_is_a_number_is_not_logged(tmp_path):
    asked = request(["ann"])
    asked.inputs["user_id"].CopyFrom(tensor_proto(np.array([[57]])))
    log = RequestLog(tmp_path, 1.0)
    log("recommend", asked, response())
    log.close()
    (one,) = logged(tmp_path)
    assert tf.make_ndarray(one.predict_log.request.inputs["user_id"]).tolist() == [[-1]]


@pytest.mark.parametrize("text", ["[", "5", "[[]]", None])
def test_a_version_that_does_not_say_what_may_be_logged_has_little_logged(tmp_path, text):
    file = tmp_path / HISTORIES_FILE
    file.parent.mkdir()
    file.write_text('["history_type"]')
    assert logged_histories(tmp_path) == {*HISTORIES, "history_type"}
    file.unlink()
    if text is not None:
        file.write_text(text)
    assert logged_histories(tmp_path) == HISTORIES


def test_a_share_is_logged_and_nothing_with_raw_content(tmp_path):
    log = RequestLog(tmp_path, 0.3)
    for _ in range(400):
        log("recommend", request(["ann"]), response())
        log("explain", request(["ann"]), response())
    log.close()
    assert 60 < len(logged(tmp_path)) < 180


def test_a_full_disk_fails_no_request(tmp_path, monkeypatch, caplog):
    log = RequestLog(tmp_path, 1.0)

    def full(data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log, "_write", full)
    log("recommend", request(["ann"]), response())
    assert "No space left" in caplog.text


def test_what_follows_a_full_disk_can_be_read(tmp_path, caplog):
    log = RequestLog(tmp_path, 1.0)
    log("recommend", request(["ann"]), response())
    (file,) = tmp_path.iterdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 20, before[1]))
    try:
        for _ in range(3):
            log("recommend", request(["bob"]), response())
        log.close()  # which writes nothing that would not fit
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(logged(tmp_path)) == 1 and len(caplog.records) == 1
    log("recommend", request(["ann"]), response())
    log.close()
    assert len(logged(tmp_path)) == 2


@pytest.mark.parametrize("share", [0.0, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(tmp_path, share):
    with refuses("bad-log-share"):
        RequestLog(tmp_path, share)
    (tmp_path / "file").write_text("")
    with refuses("bad-log-folder"):
        RequestLog(tmp_path / "file" / "log", 1.0)


def test_a_large_file_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(request_log, "_FILE_BYTES", 100)
    log = RequestLog(tmp_path, 1.0)
    for _ in range(4):
        log("recommend", request(["ann"]), response())
    log.close()
    assert len(list(tmp_path.iterdir())) > 1 and len(logged(tmp_path)) == 4
