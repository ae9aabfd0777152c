"""Types and texts of earlier events: aligned with the items, never of the same second or split."""

from worlds import column, history, small_spec

from components.catalog_gen.histories import Histories

SPEC = small_spec(events=(
    column("kind", "BYTES", "event_type") + column("note", "BYTES", "text")
    + history("items", "item_id", "BYTES", 4) + history("times", "timestamp", most=4)
    + history("kinds", "event_type", "BYTES", 4) + history("notes", "note", "BYTES", 2)),
    time="when")


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
