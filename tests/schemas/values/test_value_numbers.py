import math
import time

import pytest

from schemas.values import numbers

NOT_A_NUMBER = [
    "4_5", "1_000", "0x10", "0b1", "+5", "inf", "-Infinity", "nan", "", " ", "-", ".", "1.2.3",
    "1 000", "1,5", "1'000", "--1", "1e", "e3", "5 EUR", "\uff14", "\u0664", "\u00b2", "\u22125",
    "½"]


@pytest.mark.parametrize("text", NOT_A_NUMBER)
def test_no_number(text):
    assert numbers.number(text) is None
    assert numbers.integer(text) is None


def test_no_text_takes_long():
    start = time.process_time()
    for text in ("1" * 10**6 + "x", "1," * 10**5 + "x", "1.234" * 10**5, "-" + " " * 10**6 + "1"):
        assert not any(read(text) for read in (
            numbers.number, numbers.integer, numbers.with_point, numbers.truth))
    assert time.process_time() - start < 1


@pytest.mark.parametrize(("text", "value"), [
    ("4", 4), ("-4", -4), ("4.5", 4.5), (" 4.5 ", 4.5), (".5", 0.5), ("5.", 5), ("1e3", 1000),
    ("1.5E-05", 1.5e-5), ("007", 7), ("-0", 0), ("1e999", math.inf),
])
def test_numbers(text, value):
    assert numbers.number(text) == value


@pytest.mark.parametrize(("text", "value"), [
    ("4", 4), ("-4", -4), (" 4 ", 4), ("123.0", 123), ("-7.00", -7), ("9" * 30, int("9" * 30)),
    ("4.5", None), ("1e3", None), ("4.", None), ("9" * 5000, None),
])
def test_whole_numbers(text, value):
    assert numbers.integer(text) == value


@pytest.mark.parametrize(("text", "value"), [
    ("12,99", "12.99"), ("0,75", "0.75"), ("-1,5", "-1.5"), ("4", "4"), ("1.234,5", "1234.5"),
    ("1.234", "1234"), ("1.234.567,89", "1234567.89"), ("1 234,5", "1234.5"), (",5", ".5"),
    ("1\u00a0234", "1234"), ("1\u202f234\u202f567", "1234567"), ("1'234,50", "1234.50"),
    ("1,5e-3", "1.5e-3"),
    ("12.99", None), ("0.75", None), ("4.5", None), ("0.750", None), ("1.23.456", None),
    ("1.234 567", None), ("1,234,567", None), ("1.2345", None), ("1234.567", None),
    ("1,234.5", None), ("4_5", None), ("x", None), ("", None),
])
def test_decimal_commas_and_groups_that_are_well_formed(text, value):
    assert numbers.with_point(text) == value


@pytest.mark.parametrize(("text", "value"), [
    ("True", True), ("TRUE", True), (" true ", True), ("yes", True), ("Y", True), ("t", True),
    ("是", True), ("False", False), ("no", False), ("N", False), ("F", False), ("否", False),
    ("1", None), ("on", None), ("", None), ("truee", None),
])
def test_truth(text, value):
    assert numbers.truth(text) is value


def test_yes_and_no_in_any_case_are_one_pair():
    assert numbers.means_yes(("True", "TRUE", "false")) == {
        "True": True, "TRUE": True, "false": False}
    assert numbers.means_yes(("yes", "false")) == numbers.means_yes(("true",)) == {}


def test_codes():
    assert numbers.is_code("007") and numbers.is_code("-01") and numbers.is_code("00.5")
    assert not any(map(numbers.is_code, ("0", "0.5", "70", "x0")))


@pytest.mark.parametrize(("texts", "hint"), [
    (["12,99"], "decimal"), (["1,5", "-0,75", "1,299"], "decimal"), (["1,299"], "thousands"),
    (["1,299", "12,500,000", "1,299.50"], "thousands"), (["1,2,3"], ""), (["1,299.50", "1,5"], ""),
    ([], ""),
])
def test_what_to_do_about_commas(texts, hint):
    result = numbers.comma_hint(texts)
    assert hint in result and bool(result) == bool(hint)
