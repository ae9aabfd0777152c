"""Runs that the disk or Ctrl-C stops: the `tessera` command under a root on a small disk.

    python stopped_runs.py FOLDER [--own-disk]

TFX is imported once; each run is a fork of this process. With --own-disk a tmpfs is mounted at
FOLDER/root, and filled up but for some bytes before each run; it needs the privilege to mount, as
under `unshare --mount`. Otherwise Ctrl-C alone is tried. What each run came to goes to
FOLDER/stopped.jsonl.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
from e2e_project import Project, new_project
from tfx.orchestration.portable import launcher

import pipeline.local  # noqa: F401  (before the forks)
from components.server_validator import component as server_validator
from components.sources.demo import DemoSizes
from pipeline.cli import main as tessera
from trainer.training.callbacks import Checkpoint

# KiB that are left: each run comes as far as the one before, or further.
FREE = (0, 600, *(int(3000 * 1.5**step) for step in range(7)))
DISK = 64 * 2**20


def interrupt() -> None:
    """Sends this process what Ctrl-C sends."""
    os.kill(os.getpid(), signal.SIGINT)


def interrupt_catalog() -> None:
    """While Beam works."""
    run = launcher.Launcher._run_executor

    def armed(launched, info):
        threading.Timer(0.2, interrupt).start()
        return run(launched, info)

    launcher.Launcher._run_executor = armed


def interrupt_training() -> None:
    """In the second epoch."""
    Checkpoint.on_epoch_begin = lambda self, epoch, logs=None: interrupt() if epoch == 1 else None


def interrupt_serving() -> None:
    """While the server answers."""

    def armed(predict, *args):
        assert psutil.Process().children()
        interrupt()
        while True:
            predict(args[0][0].signature, args[0][0].inputs)

    server_validator.validate_predictions = armed


def nothing() -> None:
    """Lets the run come to its end."""


def attempt(project: Project, arm: Callable[[], None]) -> dict:
    """Runs the command in a fork with a process group of its own."""
    message = project.folder / "output.txt"
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        # A shell lets what it starts in the background ignore Ctrl-C, and that is handed down.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        descriptor = os.open(message, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
        arm()
        sys.argv = ["tessera", "run", "--config", str(project.config_file)]
        tessera()  # ends by SystemExit, through all that an interpreter does at its end
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        os.killpg(pid, 0)
        left = True
    except ProcessLookupError:
        left = False
    return {"status": status, "output": message.read_text(encoding="utf-8"), "left": left}


def fill(folder: Path, kib: int) -> None:
    """Leaves some space."""
    (folder / "filler").unlink(missing_ok=True)
    free = os.statvfs(folder)
    size = free.f_bavail * free.f_frsize - kib * 1024
    (folder / "filler").write_bytes(b"x" * max(size, 0))


def main(folder: Path, own_disk: bool) -> None:
    project = new_project(folder, DemoSizes(60, 100, 1800))
    project.config()
    with (folder / "stopped.jsonl").open("w", encoding="utf-8") as out:
        def report(what: str, arm: Callable[[], None] = nothing) -> int:
            result = attempt(project, arm)
            out.write(json.dumps({"what": what, **result}) + "\n")
            out.flush()
            return result["status"]

        if own_disk:
            project.root.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tessera-test",
                            project.root], check=True)
            for free in FREE:
                fill(project.root, free)
                if report(f"{free} KiB") == 0:
                    break  # it was enough
            (project.root / "filler").unlink()
        else:
            for arm in (interrupt_catalog, interrupt_training, interrupt_serving):
                report(arm.__name__, arm)
        report("whole")


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--own-disk" in sys.argv)
