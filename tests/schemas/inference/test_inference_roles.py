from dataclasses import replace

from schemas.inference.column import BYTES, FLOAT, INT, Column
from schemas.inference.roles import find_event_type, find_ids, find_time


def column(name, values, rows=None, **facts):
    """A column of whole numbers or one-word texts."""
    number = all(isinstance(value, int) for value in values)
    keys = frozenset(map(str, values))
    facts.setdefault("kind", INT if number else BYTES)
    return Column(name, facts.pop("given", name), rows=rows or len(values), present=len(values),
                  distinct=len(keys), keys=keys, whole=number,
                  values=tuple(sorted(keys)) if len(keys) < 30 else (), **facts)


def roles(tables):
    return {place: result.column.name for place, result in find_ids(tables).items()}


def questions(tables, *place):
    return " ".join(find_ids(tables)[place].questions)


# Users are 1 to 20 and items 1 to 40: every user's id is an item's as well.
DENSE = {
    "users": [column("a", list(range(1, 21))), column("b", [30] * 20)],
    "items": [column("c", list(range(1, 41)))],
    "interactions": [
        column("d", list(range(1, 41)) * 2), column("e", list(range(1, 21)) * 4),
        column("f", [1, 2, 3, 4, 5] * 16)],
}


def test_dense_numbers_are_told_apart_by_what_is_met():
    assert roles(DENSE) == {("users", "user_id"): "a", ("items", "item_id"): "c",
                            ("interactions", "user_id"): "e", ("interactions", "item_id"): "d"}


def test_names_break_a_tie_of_values():
    tables = {
        "users": [column("x", list(range(10)))], "items": [column("y", list(range(10)))],
        "interactions": [column("item", list(range(10)) * 2), column("user", [*range(10)] * 2)]}
    assert roles(tables)["interactions", "user_id"] == "user"
    assert roles(tables)["interactions", "item_id"] == "item"


def test_values_win_over_names():
    tables = {
        "items": [column("code", ["p", "q", "r"])],
        "interactions": [column("product", ["x1", "x2", "x3", "x4"]),
                         column("thing", ["p", "q", "r", "p"]),
                         column("customer", ["ann", "bob", "ann", "bob"])],
    }
    assert roles(tables)["interactions", "item_id"] == "thing"
    assert "product may be the item_id as well" in questions(tables, "interactions", "item_id")


def test_without_tables_a_name_and_a_shape_make_an_id_and_a_question():
    tables = {"interactions": [
        column("member", ["ann", "bob", "ann"]), column("book", ["a", "b", "b"]),
        column("user_score", [1.5, 2.5, 3.5], kind=FLOAT)]}
    assert roles(tables) == {("interactions", "user_id"): "member",
                             ("interactions", "item_id"): "book"}
    assert "by its name and its 2 different values in 3 rows" in questions(
        tables, "interactions", "user_id")


def test_a_name_alone_is_no_id():
    long = replace(column("user", ["a b c d", "e f g h"]), parts=4.0)
    rare = column("item", ["a"], rows=10)
    assert roles({"interactions": [long, rare, column("a", ["x", "y"])]}) == {}


def test_small_numbers_are_no_ids_of_a_large_table():
    tables = {"users": [column("key", list(range(1, 1001)))],
              "interactions": [column("pieces", [1, 2, 3] * 10), column("item", ["a", "b"] * 15)]}
    assert ("interactions", "user_id") not in roles(tables)


def test_what_differs_in_each_row_and_matches_another_table_is_an_id_whatever_it_looks_like():
    for ids, looks in ((["a.jpg", "b.jpg", "c.jpg"], {"media": "image"}),
                       (["a tale of two cities", "b at the sea", "c d e"], {"parts": 4.0})):
        tables = {"items": [column("x", ids, **looks), column("y", ["p", "q", "p"])],
                  "interactions": [column("user", ["ann", "bob"] * 3),
                                   column("z", ids * 2, **looks)]}
        assert roles(tables)["items", "item_id"] == "x"
        assert roles(tables)["interactions", "item_id"] == "z"


def test_an_id_wins_over_the_name_and_the_picture_of_its_row():
    ids, pictures = ["a", "b", "c"], ["a.jpg", "b.jpg", "c.jpg"]
    tables = {"items": [column("photo", pictures, media="image"), column("x", ids)],
              "interactions": [column("photo", pictures * 2, media="image"), column("y", ids * 2),
                               column("user", ["ann", "bob"] * 3)]}
    assert roles(tables)["items", "item_id"] == "x"
    assert roles(tables)["interactions", "item_id"] == "y"


def test_dates_that_two_tables_share_are_no_ids():
    days = [f"2024-01-{n:02}" for n in range(1, 20)]
    tables = {"users": [column("since", days, dates=True)],
              "interactions": [column("on", days, dates=True), column("item", ["a"] * 18 + ["b"])]}
    assert ("interactions", "user_id") not in roles(tables)


def test_what_a_person_has_said_is_kept():
    tables = {"items": [column("code", ["p", "q", "r"]), column("other", ["x", "y", "z"])],
              "interactions": [column("thing", ["p", "q", "r"]), column("what", ["x", "y", "z"]),
                               column("customer", ["ann", "bob", "ann"])]}
    result = find_ids(tables, {("interactions", "item_id"): "what"})
    assert {place: one.column.name for place, one in result.items()} == {
        ("interactions", "user_id"): "customer", ("interactions", "item_id"): "what",
        ("items", "item_id"): "other"}
    result = find_ids(tables, {("interactions", "user_id"): "thing", ("items", "item_id"): "gone"})
    assert result["interactions", "user_id"].column.name == "thing"
    assert result["items", "item_id"].column.name == "other"
    assert result["interactions", "user_id"].questions == ()


def test_ids_that_are_missing_double_or_unknown_are_told():
    tables = {"users": [column("id", ["ann", "bob", "cle", "dan", "eve", "fay", "gus", "hal",
                                      "ida", "jon", "jon"], rows=12)],
              "interactions": [column("by", ["ann", "bob", "xin", "cle"]),
                               column("item", ["a", "b", "b", "a"])]}
    assert "25% of its values" in questions(tables, "interactions", "user_id")
    message = questions(tables, "users", "user_id")
    assert "1 rows repeat an id" in message and "1 of 12 rows have no value" in message


def test_mail_addresses_as_ids_are_told():
    mails = column("user", ["a@b.de", "c@d.de"] * 2, forms=frozenset({"mail address"}))
    tables = {"interactions": [mails, column("item", ["a", "b"] * 2)]}
    assert "values are personal (mail address)" in questions(tables, "interactions", "user_id")


def test_the_time_is_dates_or_numbers_and_others_are_told():
    dates = column("seen", ["2024-01-01", "2024-01-02"], dates=True, moments=(1, 2))
    named = column("created_at", [1700000000, 1700000001], moments=(1700000000, 1700000001))
    bare = replace(named, name="x", given="x")
    assert find_time([dates], []).questions == ()
    both = find_time([dates, named], [])
    assert both.column is named and "seen would do as the time as well" in both.questions[0]
    assert "look like seconds or milliseconds" in find_time([bare], []).questions[0]
    assert find_time([bare], [bare]) is None
    assert find_time([column("time", [1, 2, 3])], []) is None


def test_types_of_events_by_words_or_by_name():
    known = column("what_for", ["view", "view", "purchase", "x"])
    assert find_event_type([known], []).questions == ()
    named = column("action", ["a", "a", "b"])
    assert "by its name and its few values" in find_event_type([named], []).questions[0]
    assert find_event_type([column("city", ["rome", "oslo", "rome"])], []) is None
    assert find_event_type([known], [known]) is None
    assert find_event_type([column("type", ["view", "buy", "view"], rows=4)], []) is None
