import datetime
from decimal import Decimal

import pytest

from components.sources.files import FileOptions
from pipeline.inference.cells import moments, read_cells

OPTIONS = FileOptions(interactions={"files": "x"})


def read(*values, **options):
    return read_cells(list(values), OPTIONS.model_copy(update=options))


@pytest.mark.parametrize(("values", "kind", "expected"), [
    (("3", None, "-4"), "INT", [[3], None, [-4]]),
    (("3", "4.5"), "FLOAT", [[3.0], [4.5]]),
    (("007", "8"), "BYTES", [[b"007"], [b"8"]]),
    (("\uff11", "\u0662"), "BYTES", [["\uff11".encode()], ["\u0662".encode()]]),
    (("4", "nan", float("nan"), "5"), "INT", [[4], None, None, [5]]),
    (("nan", "inf"), "BYTES", [[b"nan"], [b"inf"]]),
    (("99999999999999999999", "1"), "BYTES", [[b"99999999999999999999"], [b"1"]]),
    ((True, False), "INT", [[1], [0]]),
    ((Decimal("7"), Decimal("8.00"), None), "INT", [[7], [8], None]),
    ((Decimal("1.25"), Decimal("2")), "FLOAT", [[1.25], [2.0]]),
    ((Decimal(2**64), Decimal("NaN"), "1"), "BYTES", [[str(2**64).encode()], [b"NaN"], [b"1"]]),
    (("a", 3), "BYTES", [[b"a"], [b"3"]]),
    ((b"\xff", None), "BYTES", [[b"\xff"], None]),
])
def test_types(values, kind, expected):
    cells = read(*values)
    assert (cells.kind, cells.values, cells.listed) == (kind, expected, False)


def test_a_few_texts_among_numbers_count_as_absent_and_are_told():
    cells = read(*map(str, range(39)), "new")
    assert cells.kind == "INT" and cells.values[-1] is None
    assert "1 of 40 values are no numbers, such as 'new'" in cells.notes[0]


@pytest.mark.parametrize("word", ["NA", "NULL", "None", "-", "n/a", "?"])
def test_words_for_an_absent_value_among_numbers_times_and_truths(word):
    cells = read("4", word, "5", word)
    assert (cells.kind, cells.values, cells.notes) == ("INT", [[4], None, [5], None], [])
    assert read("yes", word, "no").values == [[b"yes"], None, [b"no"]]
    assert read("red", word).values == [[b"red"], [word.encode()]]
    assert moments(["2024-05-01", word, "2024-05-02"]) == ((1714521600, 1714608000), True)


def test_commas_between_thousands_are_no_decimal_commas():
    assert "leave out the commas between thousands" in read("1,299", "999", "12,500").notes[0]


def test_decimal_commas():
    assert read("1.234,5", "2", decimal=",").values == [[1234.5], [2.0]]
    assert "set decimal: ','" in read("3,5", "4,5").notes[0]
    assert read("12.99", "0.75", decimal=",").kind == "BYTES"


def test_lists():
    assert read("a|b", "c", "d|").values == [[b"a", b"b"], [b"c"], [b"d"]]
    assert read(["a", "b"], None, []).values == [[b"a", b"b"], None, None]
    assert read([1, 2], [3]).kind == "INT"
    assert not read("a|b", *"cdefghij").listed
    assert "1 of 9 values hold '|': are they lists?" in read("a|b", *"cdefghij").notes[0]
    assert read("a | b", *"abcdefghij").values[0] == [b"a", b"b"]
    assert read("['Beef', 'Lamb']", "['Beef']", "[]", None).values == [
        [b"Beef", b"Lamb"], [b"Beef"], None, None]
    seldom = read("a, b", *"abcdefghij")
    assert not seldom.listed and "set list_separator: ','" in seldom.notes[0]
    assert read("Lima", "Oslo", "[sic] Rome").notes == []
    assert not read("quite a long text | with a bar in it", "and one more | with a bar").listed
    few = read("Pizza, Italian, Bars", "Bars", "Italian", "Thai", "Pizza, Thai")
    assert not few.listed and "set list_separator: ','" in few.notes[0]
    assert read("Lima, Peru", "Oslo, Norway", "Paris, France").notes == []
    assert "Objects within a row" in read({"a": 1}).notes[0]


@pytest.mark.parametrize(("values", "expected"), [
    (["1714564800", "1714564801"], ((1714564800, 1714564801), False)),
    ([1714564800000], ((1714564800, 1714564800), False)),
    (["2024-05-01T12:00:00Z", "2024-05-01"], ((1714521600, 1714564800), True)),
    ([datetime.date(1970, 1, 2)], ((86400, 86400), True)),
    (["1969-12-31"], ((-86400, -86400), True)),
    (["20240501", 20240502], ((1714521600, 1714608000), True)),
    (["20240501120000"], ((1714564800, 1714564800), True)),
    (["20241350"], (None, False)), (["2024"], (None, False)), (["2019_10_01"], (None, False)),
    (["01/05/2024"], (None, False)),
    ([["2024-05-01"]], (None, False)), ([], (None, False)),
])
def test_moments(values, expected):
    assert moments(values) == expected
