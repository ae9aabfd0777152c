import pytest
from refusals import refuses

from serving import wire
from serving.message_size import MOST_VALUES, SMALL_BYTES, require_few_values

REQUEST = wire.message("PredictRequest")


def number(value):
    low, value = value & 127, value >> 7
    return bytes([low | 128]) + number(value) if value else bytes([low])


def field(place, data):
    return number(place << 3 | 2) + number(len(data)) + data


def tensor(data):
    """A request whose only input is a tensor of these fields."""
    return field(2, field(1, b"user_id") + field(2, data))


MANY = {
    "strings": tensor(b"\x42\x00" * (MOST_VALUES + 1)),
    "numbers that are packed": tensor(field(10, b"\0" * (MOST_VALUES + 1))),
    "numbers in many packs": tensor(field(10, b"\0" * 100) * 3000),
    "numbers of eight bytes": tensor(field(6, bytes(8 * (MOST_VALUES + 1)))),
    "numbers one by one": tensor(b"\x50\x00" * (MOST_VALUES + 1)),
    "dimensions": tensor(field(2, b"\x12\x00" * 20_000)),
    "sizes of dimensions": tensor(field(2, b"\x12\x02\x08\x01" * 20_000 + bytes(0))),
    "inputs of one name": b"\x12\x00" * 70_000,
    "inputs": b"".join(field(2, field(1, b"%x" % one) + field(2, b"")) for one in range(20_000)),
    "outputs": b"\x1a\x00" * (MOST_VALUES + 1),
    "fields that are unknown": b"\x78\x00" * (MOST_VALUES + 1),
}


@pytest.mark.parametrize("kind", MANY)
def test_too_many_values_are_refused_whatever_follows(kind):
    REQUEST.FromString(MANY[kind])
    with refuses("too-many-values"):
        require_few_values(REQUEST, MANY[kind] + bytes(SMALL_BYTES))


@pytest.mark.parametrize("data", [
    tensor(field(8, b"x" * (1 << 21)) * 2),
    tensor(field(10, number(-1 & (1 << 64) - 1) * 32_768)),
    tensor(field(5, bytes(4 * 32_768)) + field(2, field(2, b"\x08\x02"))),
    tensor(field(8, b"an id") * 32_768) + field(1, b"\x0a\x07tessera\x12\x02\x08\x03"),
    tensor(b"\x2d" + bytes(4) + b"\x31" + bytes(8) + field(4, bytes(1 << 20))),
], ids=["pictures", "numbers", "floats", "ids", "one by one"])
def test_what_a_client_asks_for_is_let_through(data):
    assert len(data) > SMALL_BYTES
    require_few_values(REQUEST, data)
    REQUEST.FromString(data)


@pytest.mark.parametrize("data", [
    b"\x7b\x7c" * SMALL_BYTES, b"\x0f" * SMALL_BYTES, b"\x80" * SMALL_BYTES,
    field(2, bytes(SMALL_BYTES))[:-1], field(2, b"\x12\x7f") + field(3, bytes(SMALL_BYTES)),
    field(3, bytes(SMALL_BYTES)) + b"\x12"])
def test_what_is_no_message_is_refused(data):
    with refuses("message-not-readable"):
        require_few_values(REQUEST, data)


def test_a_message_of_any_class_is_counted():
    with refuses("too-many-values"):
        require_few_values(wire.message("GetModelMetadataRequest"), b"\x12\x00" * (MOST_VALUES + 1))
    with refuses("too-many-values"):
        require_few_values(wire.message("ReloadConfigRequest"),
                           field(1, field(1, b"\x0a\x00" * 70_000)))


def test_a_small_message_is_not_looked_at():
    require_few_values(None, b"\xff" * (SMALL_BYTES - 1))
