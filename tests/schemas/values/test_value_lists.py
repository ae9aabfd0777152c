import contextlib
import time

import pytest

from schemas.values.lists import split_list


@pytest.mark.parametrize(("text", "separator", "values"), [
    ("Pizza, Italian, Bars", ",", ["Pizza", "Italian", "Bars"]),
    ("Action | Drama", "|", ["Action", "Drama"]),
    ("a||b|", "|", ["a", "b"]), (" ", "|", []), ("|", "|", []), ("one", "|", ["one"]),
    ("['Beef', 'Lamb']", ",", ["Beef", "Lamb"]), ("['Beef', 'Lamb']", "|", ["Beef", "Lamb"]),
    ('["a", "b, c"]', ",", ["a", "b, c"]), ("[]", "|", []), ("['a']", "|", ["a"]),
    ("['it\\'s', \"x\"]", "|", ["it's", "x"]), ('["caf\\u00e9"]', "|", ["café"]),
    ("['a' 'b'\n 'c']", "|", ["a", "b", "c"]), ("('a', 'b')", "|", ["a", "b"]),
    ("{'a', 'b'}", "|", ["a", "b"]), ("[None, 'a', nan]", "|", ["a"]),
    ("a|\\N|b", "|", ["a", "b"]), ("[u'caf\\xe9', u\"b's\"]", "|", ["café", "b's"]),
    ("[u, v]", "|", ["u", "v"]),
    ("[1, 2.5]", "|", ["1", "2.5"]), ("[1 2 3]", "|", ["1", "2", "3"]), ("[18]", "|", ["18"]),
    ("[Beef, Lamb]", "|", ["Beef", "Lamb"]), ("{Action,Drama}", "|", ["Action", "Drama"]),
    ("[Children's, Rock 'n' Roll]", "|", ["Children's", "Rock 'n' Roll"]),
    ("[a|b]", "|", ["a", "b"]), ("[a] and [b]", "|", ["[a] and [b]"]),
    ("x [live]|y", "|", ["x [live]", "y"]), ("(500) Days|Up", "|", ["(500) Days", "Up"]),
    ("[{'id': 16}]", "|", [{"id": 16}]), ('[["a"], []]', "|", [["a"], []]),
    ("['__import__(\"os\").getcwd()']", "|", ['__import__("os").getcwd()']),
])
def test_lists(text, separator, values):
    assert split_list(text, separator) == values


@pytest.mark.parametrize("text", ["['Beef', 'Lamb", "['a''b']", '{"a": 1}', "['a', f('x')]"])
def test_what_begins_like_a_list_and_is_none(text):
    with pytest.raises(ValueError, match="begins like a list"):
        split_list(text, "|")


@pytest.mark.parametrize("text", [
    "[" + "a " * 50_000 + "'", "[" + "a," * 50_000 + "'", "[" * 100_000, "['" + "\\" * 100_000,
    "[" + "'a' " * 30_000 + "x]", "['a'" + " " * 100_000, "[" + "None," * 30_000])
def test_no_text_takes_long(text):
    start = time.process_time()
    with contextlib.suppress(ValueError):
        split_list(text, "|")
    assert time.process_time() - start < 1
