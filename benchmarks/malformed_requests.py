"""Requests that no well-meaning client sends, of every signature and input of a model."""

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving import wire
from serving.signature import filled
from serving.tensors import DTYPES, STRING, tensor_proto

_Request = wire.message("PredictRequest")
_HUGE = 2**40
Signatures = Mapping[str, Any]


def warm_up_requests(version: Path) -> dict[str, Any]:
    """Returns by signature the version's own request, of real ids, that it is warmed up with."""
    import tensorflow as tf

    from trainer.export.samples import WARM_UP

    logs = (wire.message("PredictionLog").FromString(record).predict_log.request
            for record in tf.data.TFRecordDataset(str(version / WARM_UP)).as_numpy_iterator())
    return {one.model_spec.signature_name: one for one in logs}


def own_examples(version: Path) -> dict[str, bytes]:
    """Returns by signature an Example that it reads: that of the version's own warm-up."""
    return {name: one.inputs["examples"].string_val[0]
            for name, one in warm_up_requests(version).items() if "examples" in one.inputs}


def good_requests(signatures: Signatures, examples: Mapping[str, bytes],
                  rows: int = 2) -> dict[str, Any]:
    """Builds a request for each signature: numbers are 1, strings are empty.

    Args:
      signatures: The model's `SignatureDef`s by name.
      examples: The Example of each signature that reads some; see `own_examples`.
      rows: Number of rows.

    Returns:
      `PredictRequest`s by signature.
    """
    requests = {}
    for name, signature in signatures.items():
        requests[name] = request = _Request()
        request.model_spec.name, request.model_spec.signature_name = "tessera", name
        for key, info in signature.inputs.items():
            array = filled(info, batch=rows, width=2, number=1)
            if key == "examples":
                array[:] = examples[name]
            request.inputs[key].CopyFrom(tensor_proto(array))
    return requests


def malformed(goods: Mapping[str, Any], signatures: Signatures) -> Iterator[tuple[str, bytes]]:
    """Yields what is wrong and a request, for each fault of each input of each signature."""
    for name, good in goods.items():
        for fault, spoil in _REQUEST_FAULTS.items():
            request = _copy(good)
            spoil(request)
            yield f"{name}: {fault}", request.SerializeToString()
        whole, a_string = good.SerializeToString(), next(
            (key for key, info in signatures[name].inputs.items() if info.dtype == STRING), "none")
        for fault, flood in _FLOODS.items():
            yield f"{name}: {fault}", whole + flood(a_string)
        for key, info in signatures[name].inputs.items():
            for fault, change in {**_FAULTS, **_VALUE_FAULTS[_kind(info.dtype)]}.items():
                request = _copy(good)
                change(request, key)
                yield f"{name}, {key}: {fault}", request.SerializeToString()


def mutated(goods: Mapping[str, Any], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yields copies of good requests in which some bytes are others, are missing or come twice."""
    drawn = random.Random(seed)
    wholes = {name: request.SerializeToString() for name, request in goods.items()}
    names = sorted(wholes)
    for place in range(count):
        name = names[place % len(names)]
        yield f"{name}: mutation {place}", mutation(wholes[name], drawn)


def mutation(whole: bytes, drawn: random.Random) -> bytes:
    """Returns bytes with one to four changes."""
    message = bytearray(whole)
    for _ in range(drawn.randint(1, 4)):
        at = drawn.randrange(len(message) + 1)
        match drawn.randrange(4):
            case 0 if at < len(message):
                message[at] = drawn.randrange(256)
            case 1:
                del message[at : at + drawn.randint(1, 8)]
            case 2:
                message[at:at] = drawn.randbytes(drawn.randint(1, 8))
            case _:
                message[at:at] = message[at : at + drawn.randint(1, 16)]
    return bytes(message)


def _copy(request: Any) -> Any:
    return _Request.FromString(request.SerializeToString())


def _kind(dtype: int) -> str:
    return "string" if dtype == STRING else np.dtype(DTYPES[dtype].numpy).kind


def _claim(*sizes: int) -> Callable[[Any, str], None]:
    """Claims a shape: 0 is the row's true size, further ones replace the rest."""

    def change(request: Any, key: str) -> None:
        shape = request.inputs[key].tensor_shape
        rank = len(shape.dim)
        for place, size in enumerate(sizes[:rank]):
            shape.dim[place].size = size
        for size in sizes[rank:]:
            shape.dim.add().size = size

    return change


def _set(**fields: Any) -> Callable[[Any, str], None]:
    def change(request: Any, key: str) -> None:
        tensor = request.inputs[key]
        for field, value in fields.items():
            if isinstance(value, list):
                getattr(tensor, field)[:] = value
            else:
                setattr(tensor, field, value)

    return change


def _only(value: Any, *sizes: int) -> Callable[[Any, str], None]:
    """Replaces the values by one, of the dtype, that counts for all of a claimed shape."""

    def change(request: Any, key: str) -> None:
        tensor = request.inputs[key]
        shape = list(sizes) or [dim.size for dim in tensor.tensor_shape.dim]
        one = np.empty(1, DTYPES[tensor.dtype].numpy)
        one[0] = value
        field = DTYPES[tensor.dtype].field
        tensor.ClearField("tensor_content")
        getattr(tensor, field)[:] = one.tolist()
        tensor.tensor_shape.ClearField("dim")
        for size in shape:
            tensor.tensor_shape.dim.add().size = size

    return change


def _rank_unknown(request: Any, key: str) -> None:
    request.inputs[key].tensor_shape.unknown_rank = True


def _rank_unknown_alone(request: Any, key: str) -> None:
    request.inputs[key].tensor_shape.ClearField("dim")
    _rank_unknown(request, key)


def _without_content(request: Any, key: str) -> None:
    for field in ("tensor_content", *{one.field for one in DTYPES.values()}):
        request.inputs[key].ClearField(field)


def _half_content(request: Any, key: str) -> None:
    tensor = request.inputs[key]
    tensor.tensor_content = tensor.tensor_content[: len(tensor.tensor_content) // 2]
    tensor.string_val[:] = tensor.string_val[:1] * (len(tensor.string_val) > 2)


def _field(number: int, data: bytes) -> bytes:
    """Returns a field of bytes or of a message, as it is on the wire."""
    size, prefix = len(data), b""
    while size > 127:
        prefix, size = prefix + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + prefix + bytes([size]) + data


def _tensor(fields: Callable[[], bytes]) -> Callable[[str], bytes]:
    """Gives an input, once more, a tensor of some fields; the last one counts."""
    return lambda key: _field(2, _field(1, key.encode()) + _field(2, fields()))


# As many values as a message of nearly 16 MiB has room for: few bytes each, and far more in memory.
_FLOOD = 15 << 20
_FLOODS: dict[str, Callable[[str], bytes]] = {
    "millions of strings": _tensor(lambda: b"\x08\x07" + b"\x42\x00" * (_FLOOD // 2)),
    "millions of numbers": _tensor(lambda: b"\x08\x09" + _field(10, bytes(_FLOOD))),
    "millions of numbers one by one": _tensor(lambda: b"\x08\x09" + b"\x50\x00" * (_FLOOD // 2)),
    "millions of dimensions": _tensor(lambda: b"\x08\x07" + _field(2, b"\x12\x00" * (_FLOOD // 2))),
    "millions of inputs": lambda key: b"".join(
        _field(2, _field(1, b"%x" % place)) for place in range(_FLOOD // 9)),
    "an input millions of times": lambda key: b"\x12\x00" * (_FLOOD // 2),
    "millions of outputs": lambda key: b"\x1a\x00" * (_FLOOD // 2),
    "millions of unknown fields": lambda key: b"\x78\x00" * (_FLOOD // 2),
    "as many strings as are not looked at": _tensor(lambda: b"\x08\x07" + b"\x42\x00" * (60 << 10)),
    "as many inputs as are not looked at": lambda key: b"\x12\x00" * (60 << 10),
    "as many dimensions as are not looked at": _tensor(lambda: _field(2, b"\x12\x00" * (60 << 10))),
}
_FAULTS: dict[str, Callable[[Any, str], None]] = {
    "unknown rank": _rank_unknown,
    "unknown rank, no sizes": _rank_unknown_alone,
    "no shape": lambda request, key: request.inputs[key].ClearField("tensor_shape"),
    "a scalar": lambda request, key: request.inputs[key].tensor_shape.ClearField("dim"),
    "no row": _claim(0),
    "a free size": _claim(-1),
    "a size of -2": _claim(2, -2),
    "rows of -2": _claim(-2),
    "2^40 rows": _claim(_HUGE),
    "2^62 rows": _claim(2**62),
    "2^40 columns": _claim(2, _HUGE),
    "a product that overflows": _claim(_HUGE, _HUGE),
    "sizes that multiply to nothing": _claim(0, _HUGE),
    "a hundred dimensions": _claim(*[1] * 100),
    "three rows beside two": _claim(3),
    "one row beside two": _claim(1),
    "no content": _without_content,
    "half of the content": _half_content,
    "content of one byte more": lambda request, key: setattr(
        request.inputs[key], "tensor_content", request.inputs[key].tensor_content + b"\0"),
    "no dtype": _set(dtype=0),
    "a dtype of 9999": _set(dtype=9999),
    "a dtype of -1": _set(dtype=-1),
    "another dtype": lambda request, key: setattr(
        request.inputs[key], "dtype", 3 if request.inputs[key].dtype != 3 else 9),
    "a complex dtype": _set(dtype=8),
    "strings too": _set(string_val=[b"x"]),
    "numbers too": _set(float_val=[1.0, 2.0], int_val=[1]),
    "missing": lambda request, key: request.inputs.pop(key) and None,
    "an empty tensor": lambda request, key: request.inputs[key].Clear(),
}
_NUMBERS = {"zero": _only(0), "-1": _only(-1)}
_VALUE_FAULTS: dict[str, dict[str, Callable[[Any, str], None]]] = {
    "f": {**_NUMBERS, "NaN": _only(float("nan")), "infinity": _only(float("inf")),
          "minus infinity": _only(float("-inf")), "3e38": _only(3e38), "-3e38": _only(-3e38),
          "10^8 from one": _only(1.0, 2, 10**8)},
    "i": {**_NUMBERS, "largest": _only(2**31 - 1), "smallest": _only(-(2**31)),
          "10^9": _only(10**9), "10^8 from one": _only(1, 10**8)},
    "b": {},
    "string": {
        "no UTF-8": _only(b"\xff\xfe\x00"), "a megabyte": _only(b"x" * 2**20, 2),
        "a megabyte a thousand times": _only(b"x" * 2**20, 1000),
        "a million from one": _only(b"x", 2, 10**6), "numbers": _set(string_val=[], int_val=[1, 2]),
        "NUL": _only(b"\0"), "half a JPEG": _only(b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"\1" * 90),
        "a WebP": _only(b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 40), "a GIF's start": _only(b"GIF89a"),
        "a BMP of gigapixels": _only(b"BM" + b"\0" * 12 + b"\x28\0\0\0" + b"\xff\xff\0\0" * 2
                                     + b"\1\0\x18\0" + b"\0" * 24),
        "a sound that is none": _only(b"RIFF\xff\xff\xff\xffWAVEfmt " + b"\xff" * 40),
        "an Example of nonsense": _only(b"\x0a\x12\x0a\x10\x0a\x07user_id\x12\x05\x12\x03\x0a"),
    },
}
_REQUEST_FAULTS: dict[str, Callable[[Any], Any]] = {
    "no input": lambda request: request.ClearField("inputs"),
    "an unknown input": lambda request: request.inputs["mood"].CopyFrom(
        tensor_proto(np.array([b"glad"] * 2, object))),
    "a thousand unknown inputs": lambda request: [
        request.inputs[f"{place} {'x' * 100}"].Clear() for place in range(1000)],
    "an unknown output": lambda request: request.output_filter.append("colour"),
    "an output twice": lambda request: request.output_filter.extend(["", ""]),
    "another model": lambda request: setattr(request.model_spec, "name", "mosaic"),
    "no model": lambda request: request.ClearField("model_spec"),
    "another signature": lambda request: setattr(
        request.model_spec, "signature_name", "guess" * 100),
    "the initialization as a signature": lambda request: setattr(
        request.model_spec, "signature_name", "__saved_model_init_op"),
    "a label": lambda request: setattr(request.model_spec, "version_label", "canary"),
    "a version of -1": lambda request: setattr(request.model_spec.version, "value", -1),
    "a huge version": lambda request: setattr(request.model_spec.version, "value", 2**63 - 1),
    "an empty label": lambda request: setattr(request.model_spec, "version_label", ""),
}
