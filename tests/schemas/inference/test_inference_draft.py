from dataclasses import replace

from schemas import SIDES, parse_spec
from schemas.inference import Column, Proposal, draft, to_text
from schemas.inference.column import BYTES, INT


def column(name, values, **facts):
    number = all(isinstance(value, int) for value in values)
    keys = frozenset(map(str, values))
    bounds = {"minimum": min(values), "maximum": max(values)} if number else {}
    return Column(name, facts.pop("given", name), INT if number else BYTES, len(values),
                  len(values), len(keys), whole=number, keys=keys, values=tuple(sorted(keys)),
                  **bounds, **facts)


USER = column("user", ["ann", "bob", "ann", "bob"])
ITEM = column("item", [7, 8, 8, 7])
TIME = column("at", ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], dates=True,
              moments=(1704067200, 1704326400))
STARS = column("stars", [1, 5, 4, 4])


def spec_of(tables):
    proposed = draft(tables)
    assert proposed.missing == ()
    return parse_spec("mine", [to_text(proposed.features[s], proposed.headings[s])
                               for s in SIDES])


def test_ratings_with_times():
    spec = spec_of({"interactions": [USER, ITEM, TIME, STARS]})
    assert [f.name for f in spec.features] == [
        "user", "user_events", "item", "item_events", "user", "item", "at", "stars",
        "history_items", "history_times", "history_stars"]
    histories = spec.histories()
    assert {what: f.max_values for what, f in histories.items()} == {
        "item_id": 50, "timestamp": 50, "stars": 50}
    assert histories["item_id"].dtype is int and spec.role("user_id").dtype is bytes
    assert (spec.label("rating").maximum, spec.label("like").threshold) == (5.0, 4.0)
    assert spec.unseen() is None and spec.event_count("items").name == "item_events"


def test_purchases_alone_learn_from_what_is_not_chosen():
    spec = spec_of({"interactions": [USER, ITEM, TIME]})
    assert spec.unseen().max_values == 2 and spec.unseen().dtype is int and spec.labels == ()


def test_without_times_there_is_no_history_and_a_word_about_the_split():
    proposed = draft({"interactions": [USER, ITEM, STARS, column("date", ["x", "y", "z", "z"])]})
    assert not proposed.timed
    text = to_text(proposed.features["interactions"], proposed.headings["interactions"])
    assert "split: random" in text and "DECIDE: is date the time?" in text
    spec = spec_of({"interactions": [USER, ITEM, STARS]})
    assert spec.histories() == {} and spec.event_count("users") is None


def test_types_of_events_have_weights_to_be_decided():
    kind = column("kind", ["view", "view", "buy", "view"])
    proposed = draft({"interactions": [USER, ITEM, TIME, kind]})
    text = to_text(proposed.features["interactions"], [])
    assert "DECIDE: how much does an event of each type count" in text
    assert 'add tag: "label:NAME=buy"' in text
    spec = spec_of({"interactions": [USER, ITEM, TIME, kind]})
    assert spec.event_weights() == {"buy": 1.0, "view": 1.0} and spec.role("event_type")
    assert spec.histories()["event_type"].name == "history_kind"


def test_ids_have_one_type_in_both_tables():
    items = [replace(ITEM, distinct=4, keys=frozenset({"7", "8", "007"}), kind=BYTES)]
    spec = spec_of({"interactions": [USER, ITEM, TIME, STARS], "items": items})
    assert spec.role("item_id").dtype is spec.id_key("items").dtype is bytes


def test_a_role_that_is_not_found_is_told_with_the_table_and_what_was_looked_for():
    proposed = draft({"interactions": [column("a", ["x", "y"]), ITEM, TIME],
                      "users": [column("city", ["rome", "rome"])]})
    first, second = proposed.missing
    assert first.startswith("Table interactions: no column was found for the role user_id")
    assert "It has: a, item, at." in first
    assert second.startswith("Table users: no column was found") and "It has: city." in second
    assert any("DECIDE" in line for line in proposed.headings["users"])


def test_names_that_are_built_do_not_hide_the_users_own():
    own = column("history_items", ["p", "q", "p", "q"])
    count = column("user_events", [4, 5, 6, 6])
    spec = spec_of({"interactions": [USER, ITEM, TIME, STARS, own],
                    "users": [replace(USER, distinct=4), count]})
    assert spec.histories()["item_id"].name == "history_items_2"
    assert spec.event_count("users").name == "user_events_2"


def test_text_of_a_schema():
    proposals = [
        Proposal("id", BYTES, ("item_id",), required=True),
        Proposal("kind", BYTES, ("categorical",), usual=True, strings=('a "b"', "三国\\")),
        Proposal("price", "FLOAT", ("numeric",), domain=(0.5, None), comments=("One\nline.",)),
        Proposal("photo", BYTES, ("image",)), Proposal("tags", BYTES, values=(0, 5))]
    text = to_text(proposals, ["Head."])
    assert text.startswith("# Head.\nfeature {\n  name:") and "\n# One line.\nfeature {" in text
    who = 'feature { name: "who" type: BYTES annotation { tag: "user_id" } }'
    what = 'feature { name: "id" type: BYTES annotation { tag: "item_id" } }'
    identity, kind, price, photo, tags = parse_spec("own", [who, text, who + what]).table("items")
    assert identity.required and identity.role == "item_id"
    assert kind.values == ('a "b"', "三国\\") and "min_fraction: 0.9" in text
    assert (price.minimum, price.maximum, photo.modality) == (0.5, None, "image")
    assert "image_domain {}" in text and tags.max_values == 5


def test_a_scale_of_its_own_holds_its_smallest_and_its_largest_value():
    low, high = -50.12345678, 99.12345678
    stars = replace(column("stars", [1, 2, 3]), kind="FLOAT", minimum=low, maximum=high,
                    values=(str(low), "3", str(high)), whole=False)
    (feature,) = [f for f in spec_of({"interactions": [USER, ITEM, TIME, stars]}).features
                  if f.name == "stars"]
    assert (feature.minimum, feature.maximum) == (-50.1235, 99.1235)


def test_a_bound_that_a_schema_cannot_hold_is_left_open():
    text = to_text([Proposal("score", "FLOAT", domain=(-3.4028235e38, 5))], [])
    assert "float_domain { max: 5 }" in text
