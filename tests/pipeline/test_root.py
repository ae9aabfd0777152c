import datetime
import errno
import json
import os
import shutil
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from refusals import refuses

from pipeline import root as module
from pipeline.config import data_folder, load_config
from pipeline.nodes import NodeError, NodeRun
from pipeline.root import one_run, require_usable, write_whole
from pipeline.run import provide_data, run
from schemas.errors import InputError, TesseraError, disk_fault

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere/data")


@pytest.fixture
def refuse(tmp_path, monkeypatch):
    """Opens no temporary file in a folder, as if it were read-only; root may write anywhere."""
    real = module.tempfile.TemporaryFile

    def armed(folder: Path, code: int = errno.EACCES) -> None:
        def temporary(dir):
            if dir == folder:
                raise OSError(code, os.strerror(code), str(dir))
            return real(dir=dir)

        monkeypatch.setattr(module.tempfile, "TemporaryFile", temporary)

    return armed


def test_a_new_root_is_made(tmp_path):
    require_usable(tmp_path / "a" / "b")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["runs"]
    assert not list((tmp_path / "a" / "b" / "runs").iterdir())


@pytest.mark.parametrize("name", ["", "runs", "data"])
def test_a_folder_that_may_not_be_written_to(tmp_path, refuse, name):
    root = tmp_path / "root"
    folder = root / name
    folder.mkdir(parents=True)
    refuse(folder)
    with pytest.raises(InputError) as caught:
        require_usable(root)
    assert str(caught.value) == (
        f"Cannot write to {folder}: Permission denied. Make it a folder that this user may write "
        "to, or give another one with --root.")


@pytest.mark.parametrize("name", ["", "artifacts"])
def test_a_file_in_the_place_of_a_folder(tmp_path, name):
    root = tmp_path / "root"
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("no folder")
    with refuses("root-not-writable", root / name):
        require_usable(root)
    assert (root / name).read_text() == "no folder"


def metadata(root: Path) -> Path:
    with closing(sqlite3.connect(root / "metadata.sqlite")) as store:
        store.execute("CREATE TABLE MLMDEnv (schema_version INTEGER)")
        store.execute("CREATE TABLE Execution (content BLOB)")
        store.executemany("INSERT INTO Execution VALUES (?)", [[b"x" * 1000]] * 100)
        store.commit()
    return root / "metadata.sqlite"


def test_empty_metadata_are_those_of_a_run_killed_at_its_start(tmp_path):
    (tmp_path / "metadata.sqlite").touch()
    require_usable(tmp_path)
    assert (tmp_path / "runs").is_dir()


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be read as one\n" * 100)


def torn(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def of_others(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store:
        store.execute("ALTER TABLE MLMDEnv RENAME TO notes")
        store.commit()


@pytest.mark.parametrize(("spoil", "message"), [
    (garbage, "file is not a database"),
    (torn, "malformed"), (of_others, "holds other tables"),
])
def test_metadata_that_are_of_no_use(tmp_path, spoil, message):
    spoil(metadata(tmp_path))
    with pytest.raises(InputError) as caught:
        require_usable(tmp_path)
    assert message in str(caught.value)
    for word in ("Cannot use the metadata in", tmp_path / "metadata.sqlite",
                 f"move it away together with {tmp_path / 'artifacts'}"):
        assert str(word) in str(caught.value)


def test_metadata_that_are_gone_from_beside_their_artifacts(tmp_path):
    """Execution ids, which name folders, would start anew."""
    (tmp_path / "artifacts" / "demo-flagship-1" / "CatalogGen").mkdir(parents=True)
    with refuses("unusable-metadata", "artifacts is there"):
        require_usable(tmp_path)
    shutil.rmtree(tmp_path / "artifacts" / "demo-flagship-1")
    require_usable(tmp_path)


def test_two_runs_of_one_pipeline_hold_each_other_off(tmp_path):
    with one_run(tmp_path, "demo-a-1"):
        with one_run(tmp_path, "demo-b-1"):
            pass
        with refuses("run-under-way", "demo-a-1"):
            with one_run(tmp_path, "demo-a-1"):
                pytest.fail("it is under way")
    with one_run(tmp_path, "demo-a-1"):
        pass


def test_a_killed_run_holds_nobody_off(tmp_path):
    pid = os.fork()
    if not pid:
        with one_run(tmp_path, "demo-a-1"):
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    with one_run(tmp_path, "demo-a-1"):
        pass


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "metrics.json"
    write_whole(path, b"old")
    write = Path.write_bytes

    def half(self, content):
        write(self, content[:1])
        raise FULL

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(Path, "write_bytes", half)
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    write_whole(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.json"]
    assert path.read_bytes() == b"new"


def wrapped(error: Exception, how: str) -> Exception:
    try:
        try:
            raise error
        except Exception as inner:
            if how == "from":
                raise RuntimeError("the writer failed") from inner
            if how == "text":
                raise RuntimeError(f"[Errno 28]: {inner} [while running Write]") from None
            raise ValueError("while that was told")  # noqa: B904
    except Exception as outer:
        return outer


@pytest.mark.parametrize("how", ["from", "text", "while"])
@pytest.mark.parametrize(("code", "fault"), [
    (errno.ENOSPC, "No space left on device"), (errno.EDQUOT, "Disk quota exceeded"),
    (errno.EFBIG, "File too large"),
])
def test_a_full_disk_is_seen_through_other_errors(how, code, fault):
    assert disk_fault(wrapped(OSError(code, os.strerror(code)), how)) == fault


def test_other_errors_are_no_full_disk():
    assert disk_fault(None) is None
    assert disk_fault(wrapped(OSError(errno.EACCES, os.strerror(errno.EACCES)), "from")) is None
    loop = RuntimeError("a")
    loop.__context__ = ValueError("b")
    loop.__context__.__context__ = loop
    assert disk_fault(loop) is None


@pytest.fixture
def config(tiny_shop, tmp_path):
    return load_config(None, dataset="demo", data_dir=str(tiny_shop), root=str(tmp_path / "root"))


def test_a_component_without_space_is_named(config, console, monkeypatch):
    """Whatever the component was about, and though nothing else can be written either."""

    def run_locally(*args):
        raise NodeError("CatalogGen") from wrapped(FULL, "text")

    def write_bytes(self, content):
        raise FULL

    monkeypatch.setattr("pipeline.local.run_locally", run_locally)
    monkeypatch.setattr("pipeline.run.results.write_whole", write_bytes)
    with pytest.raises(TesseraError) as caught:
        run(config, console)
    assert caught.value.exit_code == 1
    message = str(caught.value)
    assert message.startswith("CatalogGen could not write its results: No space left on device.")
    assert f"MiB in {config.root}" in message and "Make room" in message and "cache" in message
    assert "\n" not in message


def test_a_fault_of_the_models_page_does_not_cost_the_metrics(
        config, console, monkeypatch, tmp_path):
    (tmp_path / "summary.json").write_text('{"parameters": 7}')

    def run_locally(pipe, run_id, on_start, on_end, data_name, second):
        on_end(NodeRun("Trainer", outputs={"model_run": str(tmp_path)},
                       types={"model_run": "ModelRun"}))

    def fault(*args):
        raise ValueError("no page")

    monkeypatch.setattr("pipeline.local.run_locally", run_locally)
    monkeypatch.setattr("pipeline.run._explained", fault)
    with pytest.raises(ValueError, match="no page"):
        run(config, console)
    metrics = config.root / "runs" / "latest" / "metrics.json"
    assert json.loads(metrics.read_text(encoding="utf-8"))["parameters"] == 7


def test_a_root_that_tfx_would_take_for_a_pattern_is_refused(tmp_path):
    with refuses("root-with-wildcards", "'[' in its path"):
        require_usable(tmp_path / "runs [1]")


def test_two_runs_write_a_dataset_one_after_the_other(config, console, tmp_path, monkeypatch):
    active, most = [], []

    def provide(name, folder, console):
        active.append(name)
        most.append(len(active))
        time.sleep(0.05)
        active.pop()

    monkeypatch.setattr("components.sources.demo.shop.provide", provide)
    shared = config.model_copy(update={
        "root": tmp_path, "data_dir": data_folder(tmp_path, config.dataset)})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: provide_data(shared, console), range(4)))
    assert most == [1] * 4


def _clock(monkeypatch, moment: str) -> None:
    now = datetime.datetime.fromisoformat(moment)
    monkeypatch.setattr(module, "datetime", SimpleNamespace(
        datetime=SimpleNamespace(now=lambda zone=now.tzinfo: now.astimezone(zone)),
        UTC=datetime.UTC))


def test_ids_of_runs_sort_by_age_where_the_clock_is_put_back(tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    names = []
    for moment in ("2026-10-25T02:40+02:00", "2026-10-25T02:10+01:00"):  # the same night
        _clock(monkeypatch, moment)
        names.append(module.new_run(tmp_path).name)
    assert names == ["20261025-004000", "20261025-011000"]


def test_two_runs_that_begin_in_one_second_have_folders_of_their_own(tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(Path, "exists", lambda _: False)  # the other one comes just after the look
    _clock(monkeypatch, "2026-11-21T09:05+00:00")
    names = [module.new_run(tmp_path).name for _ in range(3)]
    assert names == ["20261121-090500", "20261121-090500-2", "20261121-090500-3"]
