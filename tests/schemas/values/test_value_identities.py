import pytest

from schemas.values.text import likeness, normal_identity, normal_text, shown


@pytest.mark.parametrize(("text", "usual"), [
    ("ann", "ann"), ("ann ", "ann"), ("\tann", "ann"), ("cafe\u0301", "café"), ("café", "café"),
    ("a\u200bnn", "ann"), ("\ufeffann", "ann"), ("ann\u00a0", "ann"), ("a\u00a0b", "a b"),
    ("a\u00adb", "ab"), ("123", "123"), ("123.0", "123"), ("123.0 ", "123"), ("-5.0", "-5"),
    ("123.00", "123.00"), ("12.5", "12.5"), ("007", "007"), ("007.0", "007.0"), ("1e3", "1e3"),
    ("v1.0", "v1.0"), ("\u200b", ""), ("\uff11\uff12", "\uff11\uff12"),
])
def test_usual_form(text, usual):
    assert normal_identity(text) == usual


def test_a_type_of_event_keeps_its_point():
    assert normal_text(" 1.0 ") == "1.0"


@pytest.mark.parametrize(("one", "other"), [
    ("ABC", "abc"), ("007", "7"), ("\uff11\uff12", "12"), ("a-1", "a_1"), ("0", "00")])
def test_similar_ids(one, other):
    assert likeness(one) == likeness(other)
    assert normal_identity(one) != normal_identity(other)


def test_codes_are_shown_where_a_screen_could_mislead():
    assert shown("abc") == "'abc'"
    assert shown("caf\u00e9") == r"'café' (caf\xe9)"
    assert shown("\u0430bc") == r"'аbc' (\u0430bc)"
