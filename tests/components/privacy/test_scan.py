import bz2
import gzip
import io
import json
import lzma
from urllib.parse import quote

import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from worlds import zipped

from components.privacy.scan import scan

VALUES = ("José Müller", "rawcustomer17x", "Zoë \"Z\" O'Hara", "名前")


def _npz(value, save=np.savez):
    file = io.BytesIO()
    save(file, ids=np.array(["u2", value]))
    return file.getvalue()


def _npy(value):
    file = io.BytesIO()
    np.save(file, np.array([value, "a longer one than this"]))
    return file.getvalue()


def _schema(value, as_utf8):
    schema = schema_pb2.Schema()
    schema.feature.add(name="x").string_domain.value.append(value)
    return text_format.MessageToString(schema, as_utf8=as_utf8).encode()


FORMS = {
    "plain": str.encode, "npy": _npy, "npz": _npz,
    "compressed npz": lambda value: _npz(value, np.savez_compressed),
    "utf-16": lambda value: value.encode("utf-16"),
    "json in json": lambda value: json.dumps({"spec": json.dumps({"texts": [value]})}).encode(),
    "json in readable json": lambda value: json.dumps(
        {"spec": json.dumps([value])}, ensure_ascii=False).encode(),
    "schema": lambda value: _schema(value, False),
    "readable schema": lambda value: _schema(value, True),
    "schema in json": lambda value: json.dumps([_schema(value, False).decode()]).encode(),
    "bytes in a log": lambda value: f"it was {value.encode()!r}".encode(),
    "bytes in json": lambda value: json.dumps([repr(value.encode())]).encode(),
    "address": lambda value: quote(value).encode(),
    "bz2": lambda value: bz2.compress(value.encode()),
    "xz": lambda value: lzma.compress(value.encode()),
    "gzip in zip": lambda value: zipped({"x.gz": gzip.compress(value.encode())}),
    "npz in gzip": lambda value: gzip.compress(_npz(value)),
}


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_found_once_in_each_form(tmp_path, value):
    for name, form in FORMS.items():
        (tmp_path / name).write_bytes(form(value))
    places = scan(tmp_path, [b"not there", value.encode()])
    assert {name.partition("!")[0] for name in places} == set(FORMS)
    assert all(hits == {1: 1} for hits in places.values()), places


def test_what_only_looks_compressed_is_read_as_it_is(tmp_path):
    (tmp_path / "events.csv").write_bytes(b"BZh9,ann\n")
    assert scan(tmp_path, [b"ann"]) == {"events.csv": {0: 1}}
