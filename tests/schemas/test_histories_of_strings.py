"""Histories of event types and of texts in a schema."""

import pytest
from refusals import refuses
from worlds import column, history, small_spec

from schemas import InputError

KIND = column("kind", "BYTES", "event_type")
NOTE = column("note", "BYTES", "text")
PLACE = column("place", "BYTES", "categorical")


def past(name, what):
    return history(name, what, "BYTES")


def spec(*columns):
    return small_spec(events="".join(columns), time="when")


@pytest.mark.parametrize("what", ["event_type", "kind"])
def test_event_types_are_named_by_role_or_by_column(what):
    result = spec(KIND, past("kinds", what))
    assert result.histories()[what].name == "kinds"
    assert result.history_source(what).name == "kind"


def test_texts_are_named_by_their_column():
    result = spec(NOTE, past("notes", "note"))
    assert result.history_source("note").modality == "text"


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
    with refuses("duplicate-history", kind):
        spec(*columns)
