"""What a version keeps of the requests that it has run."""

import threading
from types import SimpleNamespace

import pytest

from serving import servable as servable_module
from serving.servable import Servable


class Session:
    """Counts the parts of a graph that are made; a part returns the names of its outputs."""

    def __init__(self):
        self.made = 0

    def make_callable(self, fetches, feed_list):
        self.made += 1
        return lambda *values: fetches


@pytest.fixture
def servable():
    """A version without TensorFlow, of one signature."""
    result = object.__new__(Servable)
    result._session, result._lock, result._calls = Session(), threading.Lock(), {}
    named = {name: SimpleNamespace(name=name) for name in "abcx"}
    result._places = {"recommend": SimpleNamespace(inputs=named, outputs=named)}
    return result


def test_requests_for_many_choices_of_outputs_take_no_more_memory(servable, monkeypatch):
    monkeypatch.setattr(servable_module, "_MOST_CALLS", 2)
    for outputs in ("a", "b", "a", "c", "a", "ab"):
        assert servable.run("recommend", {"x": None}, outputs) == {
            one: one for one in outputs}
    assert [outputs for _, outputs in servable._calls] == [("a",), ("a", "b")]
    assert servable._session.made == 4, "what was used last is kept"
