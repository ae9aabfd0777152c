"""Which versions are loaded and which one a request gets, with stand-ins for what is loaded."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from refusals import refuses

from schemas.errors import InputError
from serving import wire
from serving.model_config import ModelConfig
from serving.versions import Versions


class Version:
    def __init__(self, path: Path, beside=False, signatures=("recommend",)):
        if (path / "saved_model.pb").read_bytes() == b"broken":
            raise InputError("version-not-loadable", "It is broken.")
        self.version = int(path.name)
        self.signatures = dict.fromkeys(signatures)
        self.alive, self.closed = True, False

    def close(self):
        self.closed = True


def put(base: Path, version: int, content=b"whole"):
    (base / str(version)).mkdir(exist_ok=True)
    (base / str(version) / "saved_model.pb").write_bytes(content)


def asked(versions, **choice):
    spec = wire.message("ModelSpec")(name="tessera")
    if "version" in choice:
        spec.version.value = choice["version"]
    elif choice:
        spec.version_label = choice["label"]
    with versions.borrowed(spec) as version:
        return version.version


def served(base: Path, load=Version, **config) -> Versions:
    versions = Versions(ModelConfig("tessera", base, **config), load)
    versions.refresh()
    return versions


def refreshed(versions):
    versions.refresh()  # a version that has just come is not settled
    versions.refresh()


def test_a_newer_version_is_served_and_the_one_before_it_stays(tmp_path):
    put(tmp_path, 9)
    versions = served(tmp_path)
    old = versions.current
    put(tmp_path, 10)
    versions.refresh()
    assert asked(versions) == 9, "a version that has just appeared is not settled"
    versions.refresh()
    assert asked(versions) == 10 and asked(versions, version=9) == 9
    put(tmp_path, 11)
    refreshed(versions)
    assert list(versions.loaded) == [10, 11] and old.closed
    assert {v: state.state for v, state in versions.states.items()} == {
        11: "AVAILABLE", 10: "AVAILABLE", 9: "END"}
    with refuses("version-not-served", "Version 9", "Served: 11, 10"):
        asked(versions, version=9)


def test_a_broken_version_leaves_the_served_one_until_it_is_whole(tmp_path):
    put(tmp_path, 3)
    loads = []
    versions = Versions(ModelConfig("tessera", tmp_path), Version,
                        lambda model, loaded: loads.append(loaded))
    versions.refresh()
    put(tmp_path, 4, b"broken")
    refreshed(versions)
    versions.refresh()  # it is not tried again and again
    assert asked(versions) == 3 and loads == [True, False]
    assert versions.states[4].state == "END" and "broken" in versions.states[4].error
    put(tmp_path, 4)
    refreshed(versions)
    assert asked(versions) == 4


def test_a_version_that_lacks_signatures_does_not_replace_one_that_has_them(tmp_path):
    signatures = {3: ("recommend", "catalogue"), 4: ("recommend",)}
    put(tmp_path, 3)
    versions = served(tmp_path, lambda path, beside: Version(
        path, beside, signatures[int(path.name)]))
    put(tmp_path, 4)
    refreshed(versions)
    assert asked(versions) == 3 and "catalogue" in versions.states[4].error


def test_when_the_served_version_is_taken_away_the_one_before_it_comes_back(tmp_path):
    for version in (3, 10):
        put(tmp_path, version)
    versions = served(tmp_path, newest=2)
    assert asked(versions) == 10
    (tmp_path / "10" / "saved_model.pb").unlink()
    versions.refresh()
    assert asked(versions) == 3
    (tmp_path / "3" / "saved_model.pb").unlink()
    versions.refresh()
    assert asked(versions) == 3, "better an old version than none"


@pytest.mark.parametrize(("config", "loaded"), [
    ({}, [4]), ({"newest": 2}, [3, 4]), ({"newest": 0}, [1, 2, 3, 4]), ({"specific": (2,)}, [2])])
def test_policies_are_those_of_the_stock_server(tmp_path, config, loaded):
    for version in (1, 2, 3, 4):
        put(tmp_path, version)
    assert sorted(served(tmp_path, **config).loaded) == loaded


def test_labels_name_served_versions(tmp_path):
    for version in (3, 4):
        put(tmp_path, version)
    versions = served(tmp_path, newest=2, labels={"stable": 4})
    assert asked(versions, label="stable") == 4
    assert not versions.follow(replace(versions.config, labels={"stable": 3}))
    assert asked(versions, label="stable") == 3, "at once"
    assert not versions.follow(replace(versions.config, labels={"stable": 4, "canary": 5}))
    with refuses("label-of-absent-version", "canary (version 5)", "Served: 4, 3"):
        versions.require_labels()
    assert asked(versions, label="stable") == 3
    with refuses("version-not-served", "'canary'", "stable is 3"):
        asked(versions, label="canary")
    put(tmp_path, 5)
    refreshed(versions)
    versions.require_labels()
    assert asked(versions, label="canary") == 5 and asked(versions, label="stable") == 4


@pytest.mark.parametrize("config", [{}, {"specific": (4,)}, {"newest": 2}])
def test_a_labelled_version_is_loaded_and_kept_whatever_the_policy(tmp_path, config):
    for version in (1, 2, 3, 4):
        put(tmp_path, version)
    versions = served(tmp_path, **config, labels={"stable": 1})
    assert asked(versions) == 4 and asked(versions, label="stable") == 1
    lost = versions.loaded[1]
    lost.alive = False
    refreshed(versions)
    assert versions.loaded[1] is not lost and asked(versions, label="stable") == 1
    assert versions.follow(replace(versions.config, labels={"stable": 2}))
    refreshed(versions)
    assert asked(versions, label="stable") == 2 and asked(versions) == 4
    versions.refresh()
    assert 1 not in versions.loaded, "no label is of it any more"


def test_a_version_whose_process_ended_is_loaded_anew_and_others_serve_meanwhile(tmp_path):
    for version in (3, 4):
        put(tmp_path, version)
    versions = served(tmp_path, newest=2)
    lost = versions.current
    lost.alive = False
    assert asked(versions) == 3
    versions.refresh()
    versions.refresh()
    assert asked(versions) == 4 and versions.current is not lost


def test_a_version_is_unloaded_once_nobody_uses_it(tmp_path, monkeypatch):
    monkeypatch.setattr("serving.versions._DRAIN_SECONDS", 0.01)
    for version in (3, 4):
        put(tmp_path, version)
    versions = served(tmp_path)
    spec = wire.message("ModelSpec")(name="tessera")
    with versions.borrowed(spec) as version:
        versions._lock.wait_for = lambda done, timeout: waited.append(done())
        waited = []
        versions.close()
    assert waited == [False] and version.closed


def test_what_loads_while_a_model_is_closed_ends_with_it(tmp_path):
    put(tmp_path, 1)
    made, closing = [], threading.Thread(target=lambda: versions.close())

    def load(path, beside):
        made.append(Version(path))
        if path.name == "2":
            closing.start()
        return made[-1]

    versions = served(tmp_path, load)
    put(tmp_path, 2)
    refreshed(versions)
    closing.join(timeout=10)
    versions.refresh()  # of a look that began before
    assert len(made) == 2 and not versions.loaded and all(one.closed for one in made)
