"""A `tessera run` that is watched, on a cluster that runs in a network of its own."""

import argparse
import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import yaml

from deploy.flink.cluster import until

PROJECT = Path(__file__).parents[2]
PROCESSES = {"runner": "direct", "options": {
    "direct_running_mode": "multi_processing", "direct_num_workers": 2}}
_INSIDE = "TESSERA_FLINK_NAMESPACE"


class Failed(Exception):
    """Something is not as it must be."""


def demand(condition: bool, otherwise: str) -> None:
    """Raises `Failed` unless a condition is true."""
    if not condition:
        raise Failed(otherwise)


class Run:
    """A `tessera run` in a process of its own, whose lines are read while it runs."""

    def __init__(self, folder: Path, name: str, **config: Any) -> None:
        """Starts it; keys of `config` are those of a configuration file."""
        file, self.log = folder / f"{name}.yaml", folder / f"{name}.log"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-c", "from pipeline.cli import main; main()", "run",
                 "--config", file], cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT)
        self.name, self.started = name, time.monotonic()
        atexit.register(self.process.kill)  # does nothing to one that has ended

    def output(self) -> str:
        """Returns what it has printed."""
        return self.log.read_text(encoding="utf-8")

    def seconds(self) -> dict[str, float]:
        """Returns how long each node took that has run here, and did not come from the cache."""
        lines = re.findall(r"^(\S+) +ran +([\d.]+) s$", self.output(), re.MULTILINE)
        return {node: float(seconds) for node, seconds in lines}

    def until(self, true: Callable[[], bool], what: str, seconds: float = 1200) -> None:
        """Waits for something that happens while it runs."""
        until(lambda: true() or self.process.poll() is not None, what, seconds)
        demand(self.process.poll() is None, f"{self.name} ended:\n{self.output()[-3000:]}")

    def until_ran(self, *nodes: str, seconds: float = 1200) -> None:
        """Waits until nodes have run, and stops it."""
        self.until(lambda: set(nodes) <= self.seconds().keys(), f"the end of {nodes}", seconds)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self._say("stopped")

    def end(self, code: int, *words: str) -> None:
        """Waits for its end, and demands an exit code, words in the last line and no trace."""
        ended = self.process.wait()
        lines = self.output().strip().splitlines()
        self._say(f"exit code {ended}" + (f", {lines[-1]}" if code else ""))
        demand(ended == code and not any(line.startswith("Traceback") for line in lines),
               f"{self.name} ended with {ended}, not {code}:\n" + "\n".join(lines[-30:]))
        for word in words:
            demand(word in lines[-1], f"{self.name}: no {word!r} in {lines[-1]!r}")

    def _say(self, how: str) -> None:
        print(f"{self.name}: {time.monotonic() - self.started:.0f} s, {how}", flush=True)


def main(module: str, play: Callable[[Path, Path], None]) -> int:
    """Plays something in a network that has nothing but 127.0.0.1.

    Args:
      module: The module that is run.
      play: Takes the folder of the jars and an empty one, and raises if something is wrong.

    Returns:
      The exit code.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--jars", type=Path, required=True)
    parser.add_argument("--folder", type=Path,
                        default=PROJECT / ".cache" / module.replace(".", "-"))
    given = parser.parse_args()
    if _INSIDE not in os.environ:
        return _inside(["-m", module, "--jars", str(given.jars.absolute()),
                        "--folder", str(given.folder.absolute())])
    shutil.rmtree(given.folder, ignore_errors=True)
    tempfile.tempdir = os.environ["TMPDIR"] = str(given.folder / "tmp")
    (given.folder / "tmp").mkdir(parents=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the processes end with it
    started = time.monotonic()
    try:
        play(given.jars, given.folder)
    except (Failed, TimeoutError, ValueError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"passed in {(time.monotonic() - started) / 60:.1f} minutes, with "
          f"{cpu_seconds() / 60:.1f} minutes of one core; logs are in {given.folder}")
    return 0


def cpu_seconds() -> float:
    """Returns what this process and all that it started had of processors."""
    process = psutil.Process()
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


def _inside(words: list[str]) -> int:
    """Runs Python in a network and among processes of its own; none of them outlives it."""
    own = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    rights = [] if os.getuid() == 0 else ["--map-root-user"]
    return subprocess.run(
        ["unshare", *own, *rights, "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
         sys.executable, *words],
        cwd=PROJECT, env={**os.environ, _INSIDE: "1"}, check=False).returncode
