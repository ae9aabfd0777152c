"""Hand-made Examples are what protobuf makes and reads."""

from typing import Any

import pytest
import tensorflow as tf

from components.catalog_gen.examples import Encoder
from schemas import FeatureSpec, parse_spec, read_spec

WIDE = parse_spec("wide", [
    'feature { name: "u" type: INT annotation { tag: "user_id" } }',
    'feature { name: "i" type: BYTES annotation { tag: "item_id" } }'
    'feature { name: "photo" type: BYTES annotation { tag: "image" } }'
    'feature { name: "words" type: BYTES value_count { max: 0 } }'
    'feature { name: "numbers" type: INT value_count { max: 0 } }'
    'feature { name: "shares" type: FLOAT value_count { max: 0 } }',
    'feature { name: "u" type: INT annotation { tag: "user_id" } }'
    'feature { name: "i" type: BYTES annotation { tag: "item_id" } }',
])


def by_protobuf(row: dict[str, list[Any]], spec: FeatureSpec, side: str) -> bytes:
    example = tf.train.Example()
    for feature in spec.table(side):
        if values := row.get(feature.name):
            target = example.features.feature[feature.name]
            kind = {bytes: target.bytes_list, int: target.int64_list, float: target.float_list}
            kind[feature.dtype].value.extend(values)
    return example.SerializeToString(deterministic=True)


@pytest.mark.parametrize("row", [
    {"i": [b"one"]},
    {"i": ["七人の侍".encode()], "words": [b"", b"a", b"b" * 127, b"c" * 128]},
    {"i": [b"p"], "photo": [bytes(range(256)) * 300]},
    {"i": [b"x" * 16_300], "words": [b"y" * 16_384]},
    {"numbers": [0, 1, 127, 128, 300, 2**31, 2**63 - 1, -1, -(2**63)]},
    {"numbers": list(range(100_000, 105_000))},
    {"shares": [0.0, -0.0, 0.1, -1.0, 3.4028234e38, float("nan")]},
    {"shares": [0.5] * 5_000, "i": [b"i"], "words": []},
])
def test_the_bytes_are_protobufs_own(row: dict[str, list[Any]]) -> None:
    encoder = Encoder(WIDE, "items")
    assert encoder.encode(row) == by_protobuf(row, WIDE, "items")
    assert encoder.encode(row) == by_protobuf(row, WIDE, "items")  # from memory, this time


def test_a_row_with_histories_and_a_column_that_starts_as_another() -> None:
    spec = read_spec("demo")
    event = {"customer": [b"c"], "product": [b"p"], "time": [5], "history_products": [b"q", b"r"],
             "history_times": [4, 3], "history_stars": [-1.0, 2.0]}
    encoder = Encoder(spec, "interactions")
    assert encoder.encode(event) == by_protobuf(event, spec, "interactions")
    item = {"product": [b"p"], "product_events": [0]}
    parsed = tf.train.Example.FromString(Encoder(spec, "items").encode(item))
    assert parsed == tf.train.Example.FromString(by_protobuf(item, spec, "items"))


def test_columns_that_the_schema_lacks_are_not_written() -> None:
    assert Encoder(WIDE, "users").encode({"u": [1], "other": [2]}) == (
        Encoder(WIDE, "users").encode({"u": [1]}))
