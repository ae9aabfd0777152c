"""Histories of event types and of texts in a schema."""

import pytest

from schemas import InputError, parse_spec

USERS = 'feature { name: "who" type: BYTES annotation { tag: "user_id" } }\n'
ITEMS = 'feature { name: "what" type: BYTES annotation { tag: "item_id" } }\n'
TIME = 'feature { name: "when" type: INT annotation { tag: "timestamp" } }\n'
KIND = 'feature { name: "kind" type: BYTES annotation { tag: "event_type" } }\n'
NOTE = 'feature { name: "note" type: BYTES annotation { tag: "text" } }\n'
PLACE = 'feature { name: "place" type: BYTES annotation { tag: "categorical" } }\n'


def past(name, what, kind="BYTES"):
    return (f'feature {{ name: "{name}" type: {kind} value_count {{ min: 0 max: 3 }} '
            f'annotation {{ tag: "sequence" tag: "history:{what}" }} }}\n')


def spec(*columns):
    return parse_spec("mine", [USERS, ITEMS, USERS + ITEMS + TIME + "".join(columns)])


@pytest.mark.parametrize("what", ["event_type", "kind"])
def test_event_types_are_named_by_role_or_by_column(what):
    found = spec(KIND, past("kinds", what))
    assert found.histories()[what].name == "kinds"
    assert found.history_source(what).name == "kind"


def test_texts_are_named_by_their_column():
    found = spec(NOTE, past("notes", "note"))
    assert found.history_source("note").modality == "text"


def test_other_strings_have_no_history():
    with pytest.raises(InputError) as caught:
        spec(PLACE, past("places", "place"))
    message = str(caught.value)
    assert "feature 'places': a history holds item ids, event types, texts or numbers" in message
    assert "'place' is none of them" in message and "'event_type' or 'text'" in message


@pytest.mark.parametrize(("columns", "kind"), [
    ((KIND, past("one", "kind"), past("two", "event_type")), "event types"),
    ((NOTE, NOTE.replace("note", "other"), past("one", "note"), past("two", "other")), "texts"),
    ((past("one", "what"), past("two", "item_id")), "item ids"),
])
def test_there_is_one_history_of_each_kind(columns, kind):
    with pytest.raises(InputError, match=f"one and two are both histories of {kind}. Keep one"):
        spec(*columns)
