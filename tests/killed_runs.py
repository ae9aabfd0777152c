"""Kills runs of a small shop with SIGKILL, in each node and at several moments, one after another.

    python killed_runs.py FOLDER

TFX is imported once; each run is a fork of this process, which itself runs no TensorFlow op. The
shop lies in FOLDER. For each run one line of JSON goes to FOLDER/killed.jsonl; the last run, which
nobody kills, is told there as well. Epochs that begin are told in FOLDER/epochs.jsonl.
"""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
from e2e_project import LENIENT, Project, new_project
from tfx.orchestration.portable import (
    execution_publish_utils,
    launcher,
    resolver_node_handler,
)

import pipeline.process  # noqa: F401
from components.server_validator import component as server_validator
from components.sources.demo import DemoSizes
from pipeline import run
from pipeline.dag import build_pipeline
from pipeline.pushed import serving_folder
from schemas import SIDES, InputError, read_spec
from serving.model_config import versions
from trainer.recipe import bind
from trainer.training.callbacks import Checkpoint

SIZES = DemoSizes(60, 100, 1800)
MOMENTS = {"Trainer": ["first fit", "second fit"], "ServerValidator": ["serving"],
           "Pusher": ["copying"]}


def moments(node: str) -> list[str]:
    """Every node is killed when it has begun to write and when it is done but not published."""
    return ["begun", *MOMENTS.get(node, []), "done"]


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Attempt:
    """Arms this process to kill itself at a moment of a node.

    Args:
      folder: The project's folder.
      node: Id of the node.
      moment: One of `moments(node)`.
    """

    def __init__(self, folder: Path, node: str, moment: str):
        self.folder, self.node = folder, node
        getattr(self, moment.replace(" ", "_"))()

    def begun(self) -> None:
        """As soon as a first byte of the outputs is there; else with each file cut in half."""
        run = launcher.Launcher._run_executor

        def armed(launched, info):
            if info.pipeline_node.node_info.id != self.node:
                return run(launched, info)
            folders = [Path(one.uri) for many in info.output_dict.values() for one in many]
            threading.Thread(target=self._kill_at_first_file, args=[folders], daemon=True).start()
            run(launched, info)
            for path in files(folders):
                os.truncate(path, path.stat().st_size // 2)
            kill()

        launcher.Launcher._run_executor = armed
        handle = resolver_node_handler.ResolverNodeHandler.run

        def armed_handler(handler, connection, node, *rest):
            if node.node_info.id == self.node:
                kill()
            return handle(handler, connection, node, *rest)

        resolver_node_handler.ResolverNodeHandler.run = armed_handler

    @staticmethod
    def _kill_at_first_file(folders: list[Path]) -> None:
        while not any(path.stat().st_size for path in files(folders)):
            time.sleep(0.001)
        kill()

    def done(self) -> None:
        """When the work is done and nothing is published."""
        publish = launcher.Launcher._publish_successful_execution

        def armed(launched, *args):
            if launched._pipeline_node.node_info.id == self.node:
                kill()
            publish(launched, *args)

        launcher.Launcher._publish_successful_execution = armed
        internal = execution_publish_utils.publish_internal_execution

        def armed_internal(metadata_handle, contexts, **kwargs):
            if any(context.name.endswith(f".{self.node}") for context in contexts):
                kill()
            internal(metadata_handle, contexts, **kwargs)

        execution_publish_utils.publish_internal_execution = armed_internal

    def first_fit(self) -> None:
        """When the third epoch of the first fit begins."""
        self._at_epoch(lambda fit, epoch: kill() if (fit, epoch) == ("first", 2) else None)

    def second_fit(self) -> None:
        """While the state after the second fit's first epoch is half written."""
        save = np.save

        def half_written(file, array, **kwargs):
            save(file, array, **kwargs)
            file.flush()
            kill()

        self._at_epoch(lambda fit, epoch: setattr(
            np, "save", half_written if fit == "second" else save))

    @staticmethod
    def _at_epoch(then: Callable[[str, int], None]) -> None:
        message = Checkpoint.on_epoch_begin

        def armed(checkpoint, epoch, logs=None):
            message(checkpoint, epoch, logs)
            then(checkpoint._folder.name, epoch)

        Checkpoint.on_epoch_begin = armed

    def serving(self) -> None:
        """While the server answers."""

        def armed(*args):
            (server,) = psutil.Process().children()
            assert "serving.server" in server.cmdline()
            (self.folder / "server.json").write_text(json.dumps(server.pid))
            kill()

        server_validator.validate_predictions = armed

    def copying(self) -> None:
        """In the middle of a file of the version."""
        copyfile = shutil.copyfile

        def armed(source, target, **kwargs):
            copyfile(source, target, **kwargs)
            if ".partial" in str(target) and str(target).endswith("saved_model.pb"):
                os.truncate(target, 100)
                kill()

        shutil.copyfile = armed


def files(folders: list[Path]) -> Iterator[Path]:
    return (path for folder in folders for path in folder.rglob("*") if path.is_file())


def record_epochs(folder: Path, run: str) -> None:
    def write_epoch(checkpoint, epoch, logs=None):
        with (folder / "epochs.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps([run, checkpoint._folder.name, epoch]) + "\n")

    Checkpoint.on_epoch_begin = write_epoch


def attempt(project: Project, node: str | None, moment: str | None) -> dict:
    """Runs the pipeline in a fork, which is killed at a moment, and tells what became of it."""
    start = time.monotonic()
    pid = os.fork()
    if not pid:
        try:
            record_epochs(project.folder, f"{node} {moment}")
            if node and moment:
                Attempt(project.folder, node, moment)
            run.room_for_two = lambda: False  # a second process would import TFX in each run
            os._exit(project.run().code)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(99)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    runs = [path for path in (project.root / "runs").iterdir() if path.is_dir()]
    return {
        "node": node, "moment": moment, "status": status,
        "run": max(path.name for path in runs if not path.is_symlink()),
        "seconds": round(time.monotonic() - start, 2), "versions": list(versions(project.served)),
        "served": served(project), "server": server_is_alive(project.folder),
    }


def served(project: Project) -> str | None:
    try:
        return serving_folder(project.root).name
    except InputError:
        return None


def server_is_alive(folder: Path) -> bool | None:
    """Whether the server that a killed run started is still there, after a while."""
    path = folder / "server.json"
    if not path.exists():
        return None
    try:
        server = psutil.Process(json.loads(path.read_text()))
    except psutil.NoSuchProcess:
        return False
    finally:
        path.unlink()
    _, alive = psutil.wait_procs([server], timeout=20)
    return any(process.status() != psutil.STATUS_ZOMBIE for process in alive)


def main(folder: Path) -> None:
    project = new_project(folder, SIZES)
    schemas = folder / "schemas"
    schemas.mkdir()
    for side, text in zip(SIDES, read_spec("demo").texts, strict=True):
        (schemas / f"{side}.pbtxt").write_text(text, encoding="utf-8")
    config = project.config()
    assert config.checks.max_p99_ms == LENIENT["max_p99_ms"]
    bound = bind(config.recipe, read_spec("demo"))
    nodes = [node.id for node in build_pipeline(config, bound, schemas).components]
    with (folder / "killed.jsonl").open("w", encoding="utf-8") as message:
        for node in nodes:
            for moment in moments(node):
                message.write(json.dumps(attempt(project, node, moment)) + "\n")
                message.flush()
        message.write(json.dumps(attempt(project, None, None)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
