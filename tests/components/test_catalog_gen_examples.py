import pytest
from worlds import column, small_rows, small_spec
from worlds.examples import values

from components.catalog_gen.tables import Encoder
from schemas import read_spec

ANY = "value_count { max: 0 }"
WIDE = small_spec(
    items=column("photo", "BYTES", "image") + column("words", "BYTES", rest=ANY)
    + column("numbers", "INT", rest=ANY) + column("shares", "FLOAT", rest=ANY),
    user="INT u", item="BYTES i")


@pytest.mark.parametrize("row", [
    {"i": [b"one"]},
    {"i": ["七人の侍".encode()], "words": [b"", b"a", b"b" * 127, b"c" * 128]},
    {"i": [b"p"], "photo": [bytes(range(256)) * 300]},
    {"i": [b"x"], "words": [b"y" * 1_000_000]},
    {"numbers": [0, 1, 127, 128, 300, 2**31, 2**63 - 1, -1, -(2**63)]},
    {"shares": [0.0, 0.5, -1.0]},
])
def test_a_row_is_read_as_it_was(row):
    assert values(Encoder(WIDE, "items").encode(row)) == row


def test_rows_of_every_modality_and_their_histories_are_read_as_they_were():
    spec = read_spec("demo")
    for side, rows in small_rows(spec).tables.items():
        encoder = Encoder(spec, side)
        assert [values(encoder.encode(row)) for row in rows] == [
            {name: result for name, result in row.items() if result} for row in rows]


def test_equal_rows_are_equal_bytes_whatever_the_order_of_their_columns():
    assert values(Encoder(WIDE, "items").encode({"i": [b"i"], "words": [], "other": [2]})) == {
        "i": [b"i"]}, "neither what is absent nor what the schema lacks is written"
    row = {"i": [b"i"], "words": [b"a", b"b"], "numbers": [1, 2], "shares": [0.5]}
    again = dict(reversed(row.items()))
    assert Encoder(WIDE, "items").encode(row) == Encoder(WIDE, "items").encode(again)
