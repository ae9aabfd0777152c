"""Requests that claim, lack or hold what no signature takes; the server answers the next one."""

import random

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from schemas.errors import InputError
from serving.request_guard import LIMITS, checked_inputs


def info(dtype, *sizes):
    return tf.compat.v1.saved_model.build_tensor_info(
        tf.compat.v1.placeholder(dtype, [None if s < 0 else s for s in sizes]))


with tf.Graph().as_default():
    EXPECTED = {"user": info(tf.string, -1), "at": info(tf.int64, -1),
                "stars": info(tf.float32, -1, -1), "names": info(tf.string, -1, -1)}


def proto(value, dtype=None):
    return tf.make_tensor_proto(value, dtype)


def good(**changes):
    return {"user": proto(["ann"]), "at": proto([-1], tf.int64), "stars": proto([[1.0, 2.0]]),
            "names": proto([["x", "y"]])} | changes


def claiming(tensor, *sizes, unknown=False):
    claimed = type(tensor).FromString(tensor.SerializeToString())
    del claimed.tensor_shape.dim[:]
    for size in sizes:
        claimed.tensor_shape.dim.add().size = size
    claimed.tensor_shape.unknown_rank = unknown
    return claimed


def test_a_good_request_is_read_as_it_is():
    arrays = checked_inputs("s", EXPECTED, good())
    assert arrays["user"].tolist() == [b"ann"] and arrays["stars"].tolist() == [[1.0, 2.0]]


def test_one_value_may_stand_for_many_as_tensorflow_has_it():
    arrays = checked_inputs("s", EXPECTED, good(stars=claiming(proto([[3.0]]), 1, 4)))
    assert arrays["stars"].tolist() == [[3.0] * 4]


MANY = LIMITS.elements + 1
BAD = {
    "unknown rank": good(user=claiming(proto(["ann"]), unknown=True)),
    "unknown rank and sizes": good(user=claiming(proto(["ann"]), 1, unknown=True)),
    "another rank": good(user=proto([["ann"]])),
    "a scalar": good(at=proto(5, tf.int64)),
    "a negative size": good(stars=claiming(proto([[1.0]]), 1, -2)),
    "a free size": good(stars=claiming(proto([[1.0]]), 1, -1)),
    "a hundred million from one value": good(stars=claiming(proto([[1.0]]), 1, 10**8)),
    "sizes whose product overflows": good(names=claiming(proto([["x"]]), 2**40, 2**40)),
    "too many values": good(names=claiming(proto([["x"]]), 1, MANY)),
    "too many rows": good(user=claiming(proto(["x"]), LIMITS.rows + 1)),
    "one long text that stands for many": good(
        names=claiming(proto([["x" * (1 << 20)]]), 1, 1000)),
    "more values than claimed": good(user=claiming(proto(["a", "b"]), 1)),
    "fewer strings than claimed": good(user=claiming(proto(["a", "b"]), 3)),
    "fewer numbers than claimed": good(
        stars=claiming(proto(np.array([[1.0, 2.0]], np.float32)), 1, 3)),
    "not a number": good(stars=proto([[float("nan"), 1.0]])),
    "infinity": good(stars=proto([[float("-inf"), 1.0]])),
    "another dtype": good(at=proto([1], tf.int32)),
    "no dtype": good(at=claiming(type(proto([1]))(), 1)),
    "three rows beside one": good(user=proto(["a", "b", "c"])),
    "one input less": {k: v for k, v in good().items() if k != "at"},
    "one input more": good(colour=proto(["red"])),
    "nothing": {},
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_request_is_refused(fault):
    with pytest.raises(InputError):
        checked_inputs("s", EXPECTED, BAD[fault])


@pytest.fixture
def stub(server):
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def request_of(**changes):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "tessera"
    inputs = {
        "user_id": proto(["ann"]), "timestamp": proto([-1], tf.int64),
        "history_item_id": proto([[""]]), "history_timestamp": proto([[-1]], tf.int64),
        "history_rating": proto([[-1.0]]), "candidates": proto([["i0", "i2"]]),
    } | changes
    for name, tensor in inputs.items():
        request.inputs[name].CopyFrom(tensor)
    return request


def test_a_request_of_unknown_rank_is_refused_and_the_next_one_answered(stub):
    bad = request_of(user_id=claiming(proto(["ann"]), unknown=True))
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(bad, timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert stub.Predict(request_of(), timeout=10).outputs


def test_a_value_that_the_model_cannot_take_is_an_invalid_argument(stub):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request_of(candidates=proto([["iX"]])), timeout=10)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_mutated_requests_are_answered_or_refused_and_never_unknown(stub):
    """Bytes of a good request are changed; protobuf itself refuses some (INTERNAL)."""
    drawn = random.Random(7)
    whole = request_of().SerializeToString()
    codes = set()
    for _ in range(300):
        message = bytearray(whole)
        for _ in range(drawn.randint(1, 4)):
            message[drawn.randrange(len(message))] = drawn.randrange(256)
        try:
            request = predict_pb2.PredictRequest.FromString(bytes(message))
        except Exception:
            continue
        try:
            stub.Predict(request, timeout=10)
        except grpc.RpcError as error:
            codes.add(error.code())
    assert codes <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}
    assert stub.Predict(request_of(), timeout=10).outputs
