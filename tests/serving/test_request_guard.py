from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from refusals import refuses

from schemas.errors import InputError
from serving import wire
from serving.request_guard import LIMITS, checked_inputs, require_finite_outputs

SIGNATURE = wire.message("SignatureDef")()
for _tensors, _name, _dtype, *_sizes in (
    *((SIGNATURE.inputs, *one) for one in (
        ("user", 7, -1), ("at", 9, -1), ("stars", 1, -1, -1), ("names", 7, -1, -1), ("k", 3, -1),
        ("history_names", 7, -1, -1), ("history_at", 9, -1, -1))),
    (SIGNATURE.outputs, "scores", 1, -1, 20_000),
):
    _tensors[_name].dtype = _dtype
    for _size in _sizes:
        _tensors[_name].tensor_shape.dim.add().size = _size


def proto(value, dtype=None):
    return tf.make_tensor_proto(value, dtype)


def good(rows=1, **changes):
    return {"user": proto(["ann"] * rows), "at": proto([-1] * rows, tf.int64),
            "stars": proto([[1.0, 2.0]] * rows), "names": proto([["x", "y"]] * rows),
            "k": proto([3] * rows), "history_names": proto([["x", ""]] * rows),
            "history_at": proto([[-1]] * rows, tf.int64)} | changes


def claiming(tensor, *sizes, unknown=False):
    claimed = type(tensor).FromString(tensor.SerializeToString())
    del claimed.tensor_shape.dim[:]
    for size in sizes:
        claimed.tensor_shape.dim.add().size = size
    claimed.tensor_shape.unknown_rank = unknown
    return claimed


def changed(tensor, **fields):
    other = type(tensor).FromString(tensor.SerializeToString())
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(other, name).extend(value)
        else:
            setattr(other, name, value)
    return other


def test_a_good_request_is_read_as_it_is():
    arrays = checked_inputs("s", SIGNATURE, good())
    assert arrays["user"].tolist() == [b"ann"] and arrays["stars"].tolist() == [[1.0, 2.0]]


def test_one_value_counts_for_many_as_tensorflow_has_it():
    arrays = checked_inputs("s", SIGNATURE, good(stars=claiming(proto([[3.0]]), 1, 4)))
    assert arrays["stars"].tolist() == [[3.0] * 4]


MANY = LIMITS.elements + 1
BAD = {
    "unknown rank": good(user=claiming(proto(["ann"]), unknown=True)),
    "another rank": good(user=proto([["ann"]])),
    "a scalar": good(at=proto(5, tf.int64)),
    "a negative size": good(stars=claiming(proto([[1.0]]), 1, -2)),
    "a hundred million from one value": good(stars=claiming(proto([[1.0]]), 1, 10**8)),
    "sizes whose product overflows": good(names=claiming(proto([["x"]]), 2**40, 2**40)),
    "too many values": good(names=claiming(proto([["x"]]), 1, MANY)),
    "one long text that stands for many": good(
        names=claiming(proto([["x" * (1 << 20)]]), 1, 1000)),
    "more values than claimed": good(user=claiming(proto(["a", "b"]), 1)),
    "fewer numbers than claimed": good(
        stars=claiming(proto(np.array([[1.0, 2.0]], np.float32)), 1, 3)),
    "not a number": good(stars=proto([[float("nan"), 1.0]])),
    "another dtype": good(at=proto([1], tf.int32)),
    "no dtype": good(at=claiming(type(proto([1]))(), 1)),
    "three rows beside one": good(user=proto(["a", "b", "c"])),
    "no row": {key: claiming(value, 0, *[2] * (len(value.tensor_shape.dim) - 1))
               for key, value in good().items()},
    "a number claimed without content": good(stars=claiming(type(proto([1.0]))(dtype=1), 1, 2)),
    "strings as packed content": good(
        user=changed(claiming(type(proto([1]))(dtype=7), 1), tensor_content=b"\x01x")),
    "strings and numbers": good(user=changed(proto(["ann"]), float_val=[1.0])),
    "values twice": good(at=changed(proto([5], tf.int64), tensor_content=b"\0" * 8)),
    "bytes that are no number": good(
        at=changed(claiming(type(proto([1]))(dtype=9), 1), tensor_content=b"abc")),
    "no results": good(k=proto([0])),
    "a billion results": good(k=proto([10**9])),
    "many results of many rows": good(1000, k=proto([40] * 1000)),
    "a wide output of many rows": good(1000),
    "histories of several widths": good(history_at=proto([[5, 4, 3]], tf.int64)),
    "one column for several events": good(history_at=proto([[5]], tf.int64)),
    "a hundred dimensions": good(user=claiming(proto(["ann"]), *[1] * 100)),
    "one input less": {k: v for k, v in good().items() if k != "at"},
    "one input more": good(colour=proto(["red"])),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_request_is_refused(fault):
    with pytest.raises(InputError):
        checked_inputs("s", SIGNATURE, BAD[fault])


class Unread:
    """Many values, of which a few may be looked at, but never all."""

    def __init__(self, few=()):
        self._few = few

    def __len__(self):
        return 1_000_000

    def __getitem__(self, place):
        return self._few[place]

    def __iter__(self):
        raise AssertionError("all are read")


class ManyInputs(Unread, dict):
    """A request of many inputs."""


@pytest.mark.parametrize("given", [
    ManyInputs(),
    good(user=SimpleNamespace(dtype=7, tensor_shape=SimpleNamespace(
        unknown_rank=False, dim=Unread([SimpleNamespace(size=1)] * 9)))),
    good(user=SimpleNamespace(dtype=7, tensor_shape=proto(["ann"]).tensor_shape,
                              string_val=Unread())),
], ids=["inputs", "dimensions", "strings"])
def test_what_is_too_much_is_refused_without_a_look_at_all(given):
    with refuses("inputs-do-not-fit"):
        checked_inputs("s", SIGNATURE, given)


@pytest.mark.parametrize(("diversity", "most"), [(-1.0, 1000), (0.0, 1000), (0.1, 200)])
def test_a_list_by_filters_is_bounded_since_each_place_takes_time(diversity, most):
    signature = wire.message("SignatureDef").FromString(SIGNATURE.SerializeToString())
    signature.inputs["diversity"].CopyFrom(signature.inputs["k"])
    signature.inputs["diversity"].dtype = 1
    asked = good(diversity=proto([diversity]))
    checked_inputs("recommend_filtered", signature, asked | {"k": proto([most])})
    with refuses("inputs-do-not-fit"):
        checked_inputs("recommend_filtered", signature, asked | {"k": proto([most + 1])})
    checked_inputs("recommend", signature, asked | {"k": proto([most + 1])})


def test_a_picture_of_many_pixels_is_refused_by_its_header():
    header = b"BM" + bytes(12) + b"\x28\0\0\0" + b"\xff\xff\0\0" * 2 + b"\1\0\x18\0" + bytes(24)
    with refuses("picture-too-large", "row 0 of names"):
        checked_inputs("s", SIGNATURE, good(names=proto(np.array([[b"BMW", header]], object))))


def test_an_output_that_is_no_number_is_refused():
    with refuses("output-not-finite", "scores"):
        require_finite_outputs("s", {"ids": np.array([b"x"], object),
                                     "scores": np.array([[1.0, np.inf]], np.float32)})
