import pytest

from schemas.values.text import is_absent


@pytest.mark.parametrize("value", [
    "", " ", "NA", "n/a", "#N/A", "<NA>", "nan", "-nan", "NaN", "NULL", "null ", "(null)", "None",
    "-", "--", "?", ".", "\\N", float("nan"),
])
def test_absent(value):
    assert is_absent(value)


@pytest.mark.parametrize("value", [
    "0", "-1", "nano", "NAN0", "---", "none of them", "unknown", "N", "\\n\\n", 0, 1.5, None, [],
    b"NA", False])
def test_there(value):
    assert not is_absent(value)
