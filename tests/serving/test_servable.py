import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from serving import servable as servable_module
from serving.servable import Servable
from serving.served_version import ServedVersion


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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has niceness by thread")
def test_what_is_loaded_beside_another_version_gives_way_no_longer(model_base_path):
    version = ServedVersion(model_base_path / "3", beside=True)
    tasks, own = Path(f"/proc/{version._worker._process.pid}/task"), os.getpriority(
        os.PRIO_PROCESS, 0)

    def nice():
        return [one.name for one in tasks.iterdir()
                if os.getpriority(os.PRIO_PROCESS, int(one.name)) != own]

    try:
        deadline = time.monotonic() + 10
        while nice() and time.monotonic() < deadline:  # the thread that loaded it is ending
            time.sleep(0.01)
        assert not nice()
    finally:
        version.close()
