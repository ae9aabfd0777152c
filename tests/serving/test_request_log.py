"""The sample of requests."""

import errno
import resource

import numpy as np
import pytest
import tensorflow as tf
from refusals import refuses
from tensorflow_serving.apis import prediction_log_pb2

from serving import request_log, wire
from serving.request_log import RequestLog
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
