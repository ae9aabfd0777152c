"""The folder of all results: whether it can be written to, and what to say when it is full."""

import datetime
import fcntl
import json
import os
import shutil
import sqlite3
import tempfile
import textwrap
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from schemas.errors import (
    InputError,
    TesseraError,
    access_fault,
    causes,
    disk_fault,
    memory_fault,
)

_FOLDERS = ("runs", "artifacts", "schemas", "serving", "data", "encodings")
STAMP = "%Y%m%d-%H%M%S"  # in the id of a run: when it began, in UTC
_WILDCARDS = set("*?[\\")


def require_usable(root: Path) -> None:
    """Refuses a root that a run could not write its results to.

    Args:
      root: The folder of all results; made if it is missing.

    Raises:
      InputError: A folder or the metadata cannot be written to, the metadata are of no use, or
        TFX would not find files there.
      TesseraError: The disk is full.
    """
    if marks := "".join(sorted(set(str(root)) & _WILDCARDS)):
        raise InputError(
            "root-with-wildcards",
            f"The root {root} has {marks!r} in its path, which TFX takes for a pattern, so that it "
            "would find no file there. Give another folder with --root.")
    for folder in (root, *(root / name for name in _FOLDERS)):
        try:
            if folder == root or folder.name == "runs":
                folder.mkdir(parents=True, exist_ok=True)
            elif not folder.exists():
                continue
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            if disk_fault(error):
                raise
            raise InputError(
                "root-not-writable",
                f"Cannot write to {folder}: {error.strerror}. Make it a folder that this user may "
                "write to, or give another one with --root."
            ) from error
    _require_metadata(root / "metadata.sqlite", root / "artifacts")


def _require_metadata(path: Path, artifacts: Path) -> None:
    fault = None
    if path.exists():
        try:
            with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)) as store:
                store.execute("BEGIN IMMEDIATE")
                (result,) = store.execute("PRAGMA quick_check(1)").fetchone()
                tables = {name for name, in store.execute("SELECT name FROM sqlite_master")}
            if result != "ok":
                fault = result
            elif tables and "MLMDEnv" not in tables:
                fault = "it holds other tables than ML Metadata's"
        except sqlite3.Error as error:
            if disk_fault(error):
                raise
            fault = str(error)
    elif any(artifacts.glob("*/*")):
        # Ids would start anew, and new files would be among old ones.
        fault = f"it is missing, but {artifacts} is there"
    if fault:
        raise InputError(
            "unusable-metadata",
            f"Cannot use the metadata in {path}: {fault}. Let this user write to it, or put back a "
            f"copy; else move it away together with {artifacts}, and everything is computed anew."
        )


@contextmanager
def one_run(root: Path, pipeline_name: str) -> Iterator[None]:
    """Holds the others off: two runs of one pipeline would write to the same files.

    The system releases the lock with the process, however that ends.

    Raises:
      InputError: Another run of this pipeline is under way.
    """
    with (root / f".{pipeline_name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                "run-under-way",
                f"Another run of {pipeline_name} is under way in {root}. Wait for its end, or give "
                "another folder with --root."
            ) from error
        yield


@contextmanager
def one_at_a_time(root: Path, dataset: str) -> Iterator[None]:
    """Waits until no other run under a root writes or fetches the same dataset."""
    with (root / f".{dataset}.data-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def machine_faults_typed(root: Path) -> Iterator[None]:
    """Turns what the machine lacks into one message: space, rights, memory."""
    try:
        yield
    except TesseraError:
        raise
    except Exception as error:
        if (fault := machine_fault("The run", error, root)) is not None:
            raise fault from error
        raise


def machine_fault(what: str, error: BaseException, root: Path) -> TesseraError | None:
    """Returns what to say of an error that comes from the machine, here or in a container.

    Args:
      what: What failed, such as a component's name.
      error: The error; what it came from is looked through too.
      root: The folder of all results.

    Returns:
      The error for the user; `None` where the machine has what is needed.
    """
    if fault := disk_fault(error):
        return full_disk(what, fault, root)
    if fault := access_fault(error):
        return _no_access(what, error, fault, root)
    if fault := memory_fault(error):
        return TesseraError(
            "out-of-memory",
            f"{what} ran out of memory: {fault}. Give it more (on Kubeflow the step's "
            "`memory_limit`), or a smaller batch, and run the same command again: what is finished "
            "comes from the cache.")
    return None


def _no_access(what: str, error: BaseException, fault: str, root: Path) -> InputError:
    named = next((str(one.filename) for one in causes(error)
                  if isinstance(one, OSError) and one.filename is not None), None)
    unread = named is not None and os.path.exists(named) and not os.access(named, os.R_OK)
    where = what if named else f"{what}: {textwrap.shorten(str(error), 200, placeholder=' …')}"
    return InputError(
        "no-access",
        f"Cannot {'read' if unread else 'write'} {named or 'files'}: {fault} ({where}). The data, "
        f"the root {root} and the folder for temporary files must be open to user {os.getuid()}, "
        f"group {os.getgid()}, and the last two writable.")


def full_disk(what: str, fault: str, root: Path) -> TesseraError:
    """Builds the error of a disk that takes no more.

    Args:
      what: What could not write, such as a component's name.
      fault: The system's words.
      root: The folder of all results.

    Returns:
      An error that names how much is free and what to do.
    """
    there = next(folder for folder in (root, *root.parents) if folder.is_dir())
    disks = {os.stat(folder).st_dev: folder for folder in (Path(tempfile.gettempdir()), there)}
    free = " and ".join(
        f"{shutil.disk_usage(folder).free / 2**20:,.1f} MiB in {folder}"
        for folder in reversed(disks.values()))
    return TesseraError(
        "disk-full",
        f"{what} could not write its results: {fault}. Free now, without what was unfinished: "
        f"{free}. Make room and run the same command again: what is finished comes from the cache."
    )


def new_run(root: Path) -> Path:
    """Makes the folder of a run, whose name is the run's id."""
    # In UTC, or an hour would come twice at the end of summer, and ids would not sort by age.
    stamp = datetime.datetime.now(datetime.UTC).strftime(STAMP)
    folder, number = root / "runs" / stamp, 1
    while True:
        try:
            folder.mkdir()
            return folder
        except FileExistsError:  # of another recipe's run, perhaps just now
            number += 1
            folder = root / "runs" / f"{stamp}-{number}"


def point(link: Path, target: str) -> None:
    """Lets a link point at a name beside it, at once."""
    fresh = _beside(link)
    fresh.symlink_to(target)
    fresh.replace(link)


def read_json(path: Path) -> dict[str, Any]:
    """Reads an object of JSON that a run wrote.

    Raises:
      InputError: The file holds none, as after a copy that broke off.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(content, dict):
        raise _damaged(path, f"it is a {type(content).__name__}, expected an object")
    return content


def _damaged(path: Path, why: str) -> InputError:
    return InputError("damaged-result",
                      f"{path} is not the JSON that a run wrote: {why}. Put back a copy, or delete "
                      "the folder that it is in.")


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that is there as a whole or not at all."""
    partial = _beside(path)
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> Path:
    """Returns a hidden name of one's own: several runs may write one file at once."""
    # In containers all process ids are alike.
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}")
