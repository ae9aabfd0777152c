"""Types and texts of earlier events: aligned with the items, never of the same second or split."""

from components.catalog_gen.histories import Histories
from schemas import parse_spec

ID = 'feature {{ name: "{0}" type: BYTES annotation {{ tag: "{1}" }} }}\n'
PAST = ('feature {{ name: "{0}" type: {1} value_count {{ min: 0 max: {2} }} '
        'annotation {{ tag: "sequence" tag: "history:{3}" }} }}\n')
USERS, ITEMS = ID.format("who", "user_id"), ID.format("what", "item_id")
EVENTS = (
    USERS + ITEMS + 'feature { name: "when" type: INT annotation { tag: "timestamp" } }\n'
    + ID.format("kind", "event_type") + ID.format("note", "text")
    + PAST.format("items", "BYTES", 4, "item_id") + PAST.format("times", "INT", 4, "timestamp")
    + PAST.format("kinds", "BYTES", 4, "event_type") + PAST.format("notes", "BYTES", 2, "note")
)
SPEC = parse_spec("mine", [USERS, ITEMS, EVENTS])


def event(item, time, kind="view", note=None):
    row = {"who": [b"u"], "what": [item.encode()], "when": [time], "kind": [kind.encode()]}
    return row if note is None else row | {"note": [note.encode()]}


def built(rows, splits):
    rows = [dict(row) for row in rows]
    Histories(SPEC).add(rows, splits)
    return rows


def test_types_and_texts_stand_beside_their_items():
    rows = [event("a", 1, "buy", "fine"), event("b", 2), event("c", 3, "cart", "so so"),
            event("d", 4)]
    last = built(rows, ["train"] * 4)[-1]
    assert last["items"] == [b"c", b"b", b"a"]
    assert last["kinds"] == [b"cart", b"view", b"buy"]
    assert last["notes"] == [b"so so", b""], "the newest two, and what is absent is empty"


def test_an_own_text_and_those_of_the_same_second_are_no_history():
    rows = [event("a", 1, "buy", "one"), event("b", 2, "buy", "two"),
            event("c", 2, "cart", "three")]
    _, second, third = built(rows, ["train"] * 3)
    assert second["notes"] == third["notes"] == [b"one"]
    assert second["kinds"] == third["kinds"] == [b"buy"]


def test_a_held_out_row_never_sees_its_own_split():
    rows = [event(name, time, "buy", name * 3) for time, name in enumerate("abcdef")]
    splits = ["train", "train", "validation", "validation", "test", "test"]
    found = [b"".join(row["notes"]).decode() for row in built(rows, splits)]
    assert found == ["", "aaa", "bbbaaa", "bbbaaa", "dddccc", "dddccc"]


def test_other_test_rows_texts_change_nothing():
    rows = [event(name, time, "buy", name) for time, name in enumerate("abcd")]
    splits = ["train", "train", "test", "test"]
    before = built(rows, splits)[3]
    rows[2] = event("c", 2, "cart", "another")
    assert built(rows, splits)[3] == before
