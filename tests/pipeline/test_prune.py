"""Old runs and what they alone made are deleted; what is in use is not."""

import errno
import json
import os

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from refusals import assert_refused, refuses

from pipeline.lineage import lineage_of
from pipeline.prune import Plan, delete, plan
from pipeline.root import one_run

NOW = 2_000_000_000.0
_OUTPUT = metadata_store_pb2.Event.OUTPUT


class Root:
    """A root whose runs are made by hand."""

    def __init__(self, folder):
        self.folder = folder
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(folder / "metadata.sqlite")
        self._store = store = MetadataStore(config)
        self._run = store.put_context_type(metadata_store_pb2.ContextType(name="pipeline_run"))
        self._work = store.put_execution_type(metadata_store_pb2.ExecutionType(name="work"))
        self._types = {name: store.put_artifact_type(metadata_store_pb2.ArtifactType(name=name))
                       for name in ("Model", "tessera.DataProfile")}
        self._made: dict[str, int] = {}

    def run(self, name, *artifacts, age=100, blessed=False, recipe="small"):
        """Adds a run that made artifacts, or took those that are there from the cache."""
        folder = self.folder / "runs" / name
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(
            {"blessed": blessed, "dataset": "demo", "recipe": recipe, "seed": 1}))
        os.utime(folder, (NOW - age * 86_400,) * 2)
        context = metadata_store_pb2.Context(type_id=self._run, name=name)
        for made in artifacts:
            uri = self.folder / "artifacts" / "demo-small-1" / made
            (uri / "part").mkdir(parents=True, exist_ok=True)
            (uri / "part" / "file").write_bytes(b"12345")
            artifact = metadata_store_pb2.Artifact(uri=str(uri), type_id=self._types[
                "tessera.DataProfile" if "profile" in made else "Model"])
            if made in self._made:
                artifact.id = self._made[made]
            _, (self._made[made],), _ = self._store.put_execution(
                metadata_store_pb2.Execution(type_id=self._work),
                [(artifact, metadata_store_pb2.Event(type=_OUTPUT))], [context],
                reuse_context_if_already_exist=True)

    def push(self, version, run):
        folder = self.folder / "serving" / "demo-small-1" / str(version)
        (folder / "assets.extra").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"")
        (folder / "assets.extra" / "lineage.json").write_text(
            json.dumps({"run_id": run, "model": {"id": version, "run_id": run}, "parent": None}))

    def planned(self, keep=1, days=None, versions=None, max_age=None):
        result = plan(self.folder, keep, days, versions, NOW, max_age)
        return {str(one.relative_to(self.folder)) for one in result.folders}, result


@pytest.fixture
def root(tmp_path):
    return Root(tmp_path)


def test_a_root_that_was_moved_keeps_what_its_runs_made(tmp_path):
    before = tmp_path / "before" / "artifacts"  # a name that the artifacts' own folder has
    before.mkdir(parents=True)
    made, moved = Root(before), tmp_path / "moved"
    made.run("1", "CatalogGen/users/1", "profile/it/2")
    made.run("2", "CatalogGen/users/3", blessed=True)
    before.rename(moved)
    folders = plan(moved, 1, None, None, NOW).folders
    assert {str(one.relative_to(moved)) for one in folders} == {
        "runs/1", "artifacts/demo-small-1/CatalogGen/users/1"}


def test_the_newest_runs_are_those_that_began_last_whatever_they_are_called(root):
    root.run("5f0c", "a", age=1)  # Kubeflow's ids say nothing of the time
    root.run("b7e1", "b", age=3)
    root.run("20330515-000000", "c", age=9)  # 2033-05-18 is now; the folder was copied
    root.run("20330518-000000-10", "d", age=9)
    root.run("20330518-000000-9", "e", age=9)
    kept = [root.planned(keep=number)[1].kept for number in (1, 2, 3, 4)]
    assert kept == [("20330518-000000-10",), ("20330518-000000-9", "20330518-000000-10"),
                    ("5f0c", "20330518-000000-9", "20330518-000000-10"),
                    ("b7e1", "5f0c", "20330518-000000-9", "20330518-000000-10")]


def test_a_version_whose_record_no_run_wrote_is_refused(root):
    root.run("1", "a")
    root.push(5, "1")
    record = root.folder / "serving" / "demo-small-1" / "5" / "assets.extra" / "lineage.json"
    for content, code in (("{}", "foreign-lineage"), ('{"run_id": "1", "model": 2}',
                          "foreign-lineage"), ("[1]", "damaged-result")):
        record.write_text(content)
        with refuses(code, record):  # its run might be deleted
            root.planned()
        with refuses(code, record):
            lineage_of(root.folder, "5")


def test_a_number_of_days_that_is_none_deletes_nothing(root):
    root.run("1", "a")
    root.run("2", "b")
    assert root.planned(days=float("nan"))[0] == set()


def test_the_newest_runs_and_what_they_took_from_the_cache_are_kept(root):
    root.run("1", "a", "b", "profile")
    root.run("2", "a", "c")
    root.run("3", "a", "d")
    names, planned = root.planned()
    assert names == {"runs/1", "runs/2", "artifacts/demo-small-1/b", "artifacts/demo-small-1/c"}
    assert planned.kept == ("3",) and planned.size > 10
    assert root.planned(keep=2)[0] == {"runs/1", "artifacts/demo-small-1/b"}
    delete(root.folder, planned)
    assert root.planned()[0] == set()
    assert (root.folder / "artifacts/demo-small-1/a/part/file").exists()
    assert (root.folder / "artifacts/demo-small-1/profile").exists(), "the next run's past"


def test_what_no_execution_recorded_is_deleted(root):
    root.run("1", "Node/statistics/3", "Node/.system/state")
    (root.folder / "artifacts/demo-small-1/Node/statistics/2").mkdir()
    assert root.planned()[0] == {"artifacts/demo-small-1/Node/statistics/2"}


def test_young_runs_are_kept(root):
    for name, age in (("1", 40), ("2", 20), ("3", 1)):
        root.run(name, age=age)
    assert root.planned(days=30)[0] == {"runs/1"}


def test_what_is_served_or_was_blessed_last_is_kept(root):
    for number in range(1, 7):
        root.run(str(number), f"a{number}", blessed=number < 5)
    root.run("7", recipe="other", blessed=True)
    root.run("8")
    root.push(100, "1")
    root.push(200, "2")
    gone = {"runs/5", "runs/6", "artifacts/demo-small-1/a5", "artifacts/demo-small-1/a6"}
    assert root.planned()[0] == gone
    assert root.planned(versions=1)[0] == gone | {
        "runs/1", "artifacts/demo-small-1/a1", "serving/demo-small-1/100"}


def test_the_newest_profiles_are_kept_and_no_older_ones(root):
    for number in range(1, 5):
        root.run(str(number), f"profile{number}")
    assert root.planned(keep=2)[0] == {"runs/1", "runs/2", "artifacts/demo-small-1/profile1",
                                       "artifacts/demo-small-1/profile2"}


def test_nothing_keeps_what_is_too_old_but_that_it_is_the_newest(root):
    root.run("1", "a1", "profile1", age=40, blessed=True)
    root.run("2", "a2", "profile2", age=9, blessed=True)
    root.run("3", "a3", age=1, blessed=True)
    root.run("4", "b1", age=80, blessed=True, recipe="forgotten")
    root.push(100, "1")
    root.push(200, "3")
    assert root.planned(keep=9)[0] == set()
    gone = {"runs/1", "runs/4", "serving/demo-small-1/100", "artifacts/demo-small-1/a1",
            "artifacts/demo-small-1/b1", "artifacts/demo-small-1/profile1"}
    assert root.planned(keep=9, max_age=30)[0] == gone
    assert root.planned(keep=9, max_age=0)[0] == gone | {
        "runs/2", "artifacts/demo-small-1/a2", "artifacts/demo-small-1/profile2"}
    assert root.planned(keep=9, max_age=float("nan"))[0] == set()


def test_vectors_of_encoders_go_with_the_runs_that_made_them(root):
    root.run("1", age=40)
    root.run("2", age=3)
    for name, age in (("old.npz", 40), ("new.npz", 2)):
        path = root.folder / "encodings" / "one" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"123")
        os.utime(path, (NOW - age * 86_400,) * 2)
    names, planned = root.planned()
    assert names == {"runs/1", "encodings/one/old.npz"}
    delete(root.folder, planned)
    assert [one.name for one in path.parent.iterdir()] == ["new.npz"]


def test_nothing_is_deleted_while_a_run_is_under_way(root):
    root.run("1")
    root.run("2")
    with one_run(root.folder, "demo-small-1"), refuses("run-under-way"):
        delete(root.folder, root.planned()[1])
    assert (root.folder / "runs" / "1").exists()


def test_the_command_lists_and_deletes_when_it_is_told_so(root, tessera):
    root.run("1", "a")
    root.run("2")
    code, message, _ = tessera("prune", "--root", root.folder, "--keep", 1)
    assert code == 0 and "runs/1" in message and "--delete" in message
    assert (root.folder / "runs" / "1").exists()
    assert tessera("prune", "--root", root.folder, "--keep", 1, "--delete")[0] == 0
    assert not (root.folder / "runs" / "1").exists()
    (root.folder / "metadata.sqlite").unlink()
    assert_refused(tessera("prune", "--root", root.folder), "metadata.sqlite")


@pytest.mark.parametrize("content", [b"", b"no database"])
def test_metadata_that_are_none_are_refused(tmp_path, content):
    (tmp_path / "metadata.sqlite").write_bytes(content)
    with refuses("unreadable-metadata", tmp_path / "metadata.sqlite"):
        plan(tmp_path, keep=1, days=None, keep_versions=None, now=0.0)


def test_a_folder_that_may_not_be_deleted_is_named(tmp_path, monkeypatch):
    def refused(folder):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr("pipeline.prune.shutil.rmtree", refused)
    with refuses("no-access", tmp_path / "runs" / "one"):
        delete(tmp_path, Plan((tmp_path / "runs" / "one",), ()))
