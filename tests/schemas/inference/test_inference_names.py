import pytest

from schemas.inference.column import hints_at, names_a_person, role_hint, usable


@pytest.mark.parametrize(("name", "role", "hint"), [
    ("userId", "user_id", 1.0), ("customer", "user_id", 1.0), ("Member No", "user_id", 1.0),
    ("用户编号", "user_id", 1.0), ("customer_city", "user_id", 0.5), ("product", "user_id", 0.0),
    ("movieId", "item_id", 1.0), ("ISBN-13", "item_id", 1.0), ("sku", "item_id", 1.0),
    ("商品", "item_id", 1.0), ("product_category", "item_id", 0.5), ("price", "item_id", 0.0),
])
def test_names_that_sound_like_a_role(name, role, hint):
    assert role_hint(name, role) == hint


@pytest.mark.parametrize(("name", "what", "expected"), [
    ("createdAt", "time", True), ("Unix Timestamp", "time", True), ("sentiment", "time", False),
    ("eMail", "personal", True), ("zip_code", "personal", True), ("zipper", "personal", False),
    ("firstName", "personal", True), ("height", "personal", False), ("是_评分", "rating", True),
    ("rating", "rating", True), ("operating", "like", False), ("quantity", "count", True),
])
def test_names_that_hint_at_a_meaning(name, what, expected):
    assert hints_at(name, what) is expected


def test_a_name_is_a_persons_only_where_it_says_so():
    assert names_a_person("name") and names_a_person("姓名")
    assert not names_a_person("names_of_pets")


def test_names_become_usable_and_stay_apart():
    taken: set[str] = set()
    given = ["track id", " genre", "a__b", "genre", "2nd", "events", "价格", "用户", "时间", "",
             "event_words", "history_of_sales", "user_id"]
    assert [usable(name, place, taken) for place, name in enumerate(given, start=1)] == [
        "track_id", "genre", "a_b", "genre_2", "column_2nd", "column_events", "column_7",
        "user_id", "timestamp", "column_10", "column_event_words", "column_history_of_sales",
        "user_id_2"]
