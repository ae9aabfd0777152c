"""Pusher: versions appear at once and whole, whatever became of the push before."""

import shutil
from pathlib import Path

import pytest
from artifacts import artifact
from refusals import refuses
from tfx.types import channel, standard_artifacts

from components.pusher import component
from components.pusher.component import Executor, Pusher, copy_with_card, push
from pipeline.pushed import serving_folder
from serving.model_config import versions
from serving.model_files import FILE, require_manifest, write_manifest

FILES = {"saved_model.pb": b"graph", "variables/variables.index": b"index",
         "variables/variables.data-00000-of-00001": b"data", "assets/words.txt": b"a\nb\n"}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "artifacts" / "Trainer" / "model" / "7" / "Format-Serving"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "root" / "serving" / "demo-small-1"


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in folder.rglob("*") if p.is_file()}


class Killed(BaseException):
    """Stands for a killed process: nothing cleans up."""


def test_versions_are_times_and_go_up_even_if_the_clock_does_not(model, folder, monkeypatch):
    """A model that comes back is pushed again: a server takes the newest version."""
    monkeypatch.setattr(component.time, "time", lambda: 1234.9)
    first = push(model, folder)
    assert first == folder / "1234" and content(first) == FILES
    assert push(model, folder) == first, "it was pushed, and perhaps not recorded"
    (model / "saved_model.pb").write_bytes(b"another graph")
    assert push(model, folder) == folder / "1235"
    (model / "saved_model.pb").write_bytes(FILES["saved_model.pb"])
    third = push(model, folder)
    assert list(versions(folder)) == [1236, 1235, 1234] and content(third) == FILES


@pytest.mark.parametrize("files", (1, len(FILES)))
def test_half_a_version_is_never_shown(model, folder, monkeypatch, files):
    """Killed in the middle of the n-th file: no server finds a version, and the next push does."""
    left, copyfile = [files], shutil.copyfile

    def copy(source, target, **kwargs):
        left[0] -= 1
        if not left[0]:
            with open(target, "wb") as half:
                half.write(b"h")
            raise Killed
        return copyfile(source, target, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(shutil, "copyfile", copy)
        push(model, folder)

    assert versions(folder) == {}
    with refuses("no-pushed-model"):
        serving_folder(folder.parents[1])
    version = push(model, folder)
    assert content(version) == FILES
    assert list(folder.iterdir()) == [version]
    assert serving_folder(folder.parents[1]) == folder


def test_the_newest_push_of_all_is_served(model, folder, monkeypatch):
    for now, name in ((10, "demo-a-1"), (30, "demo-b-1"), (20, "demo-c-1")):
        monkeypatch.setattr(component.time, "time", lambda now=now: now)
        (model / "saved_model.pb").write_bytes(name.encode())
        push(model, folder.with_name(name))
    root = folder.parents[1]
    assert serving_folder(root) == folder.with_name("demo-b-1")
    assert serving_folder(root, "demo-c-1") == folder.with_name("demo-c-1")
    assert serving_folder(Path("absent"), str(folder.with_name("demo-a-1"))).name == "demo-a-1"
    with refuses("unknown-pushed-model", "demo-z-1", "demo-a-1, demo-b-1, demo-c-1"):
        serving_folder(root, "demo-z-1")


@pytest.mark.parametrize("blessed", [0, 1])
def test_the_component_pushes_what_is_blessed(model, folder, tmp_path, blessed):
    pusher = Pusher(channel.Channel(type=standard_artifacts.Model),
                    channel.Channel(type=standard_artifacts.ModelBlessing), folder)
    inputs = {"model": [artifact(standard_artifacts.Model, model.parent)],
              "model_blessing": [artifact(standard_artifacts.ModelBlessing, "", blessed=blessed)]}
    pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
    Executor().Do(inputs, {"pushed_model": [pushed]}, dict(pusher.exec_properties))
    assert pushed.get_int_custom_property("pushed") == blessed
    assert len(versions(folder)) == blessed
    if blessed:
        (version,) = versions(folder).values()
        assert pushed.get_string_custom_property("pushed_destination") == str(version)
        assert pushed.get_string_custom_property("pushed_version") == version.name
        assert content(tmp_path / "pushed") == content(version) == FILES
    assert len(pusher.exec_properties["custom_config"]) > 20  # the digest of its code


def test_the_card_is_beside_the_model_and_makes_no_other_model_of_it(model, folder, tmp_path):
    card, whole = tmp_path / "card", tmp_path / "whole"
    card.mkdir()
    (card / "lineage.json").write_text("{}")
    (model / "assets.extra").mkdir()
    (model / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"requests")
    write_manifest(model)
    copy_with_card(model, card, whole)
    version = push(whole, folder)
    require_manifest(version)  # with the card
    assert content(version) | {FILE: b""} == content(model) | {
        "assets.extra/lineage.json": b"{}", FILE: b""}
    (card / "lineage.json").write_text('{"run_id": "another"}')
    copy_with_card(model, card, whole)
    assert push(whole, folder) == version
