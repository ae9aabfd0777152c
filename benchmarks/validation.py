"""Time of validation on MovieLens-100K, and on the same events of ten times as many users.

    python -m benchmarks.validation --data-dir DIR

Each size runs the pipeline, from ingest to the gate, in a process of its own.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.bench import Limit, limit_table
from benchmarks.nodes import Took, run_until
from pipeline.console import open_console
from schemas.errors import InputError, TesseraError

MOST_SECONDS, MOST_EXPONENT = 60.0, 1.1
TIMES = 10
_TABLES = {"u.user": "|", "u.data": "\t"}  # whose first column is the user's id


def write_more(source: Path, target: Path, times: int) -> None:
    """Copies MovieLens-100K with each user several times, the ids of the copies higher.

    Args:
      source: Its folder.
      target: A folder that is not there yet.
      times: How often each user, and all events of that user, are there.
    """
    shutil.copytree(source, target)
    for name, separator in _TABLES.items():
        path = next(target.rglob(name))
        rows = [line.split(separator, 1) for line in
                path.read_text(encoding="latin-1").splitlines() if line]
        path.write_text("".join(
            f"{int(user) + 1_000 * copy}{separator}{rest}\n"
            for copy in range(times) for user, rest in rows), encoding="latin-1")


def validation_seconds(data: Path, root: Path) -> dict[str, Took]:
    """Returns what each node took from behind ingest to the gate of the data."""
    from pipeline.config import load_config

    took = run_until(load_config(None, dataset="movielens-100k", data_dir=data, root=root),
                     {"DataGate"})
    del took["CatalogGen"]
    return took


def measure(source: Path, times: int) -> dict[str, Took]:
    """Measures one size in a process of its own.

    Args:
      source: The folder of MovieLens-100K.
      times: How often each user is there.

    Returns:
      What each node of validation took.

    Raises:
      TesseraError: The process failed.
    """
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as scratch:
        data, root = Path(scratch, "data"), Path(scratch, "root")
        write_more(source, data, times)
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.validation", "--data-dir", str(data), "--root",
             str(root)], stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        raise TesseraError("bench-validation-failed",
                           f"Validation of {times} times the users failed; its message is above.")
    return {node: Took(**one) for node, one in json.loads(process.stdout.splitlines()[-1]).items()}


def judge(small: dict[str, Took], large: dict[str, Took]) -> list[Limit]:
    """Holds two sizes, the second of ten times as many events, against the limits.

    The power with which time grows is of processor time, for that of the clock depends on what
    else a machine does.
    """
    seconds = sum(one.seconds for one in small.values())
    first, last = (sum(one.cpu_seconds for one in took.values()) for took in (small, large))
    power = math.log(last / first, TIMES)
    return [Limit("validation of MovieLens-100K", f"{seconds:.0f} s", f"{MOST_SECONDS:g} s",
                  seconds <= MOST_SECONDS),
            Limit(f"power of the events that it grows with, 1 to {TIMES} times", f"{power:.2f}",
                  f"{MOST_EXPONENT:g}", power <= MOST_EXPONENT)]


def main() -> int:
    """Measures and prints; returns 0 where all limits hold, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validation")
    parser.add_argument("--data-dir", type=Path, required=True, help="MovieLens-100K")
    parser.add_argument("--root", type=Path, help="measure this folder's data as they are, there")
    given = parser.parse_args()
    data = given.data_dir.absolute()
    try:
        if not data.is_dir():
            raise InputError("bench-no-data-folder",
                             f"Folder {data} is missing. Give the one of MovieLens-100K.")
        if given.root is not None:
            print(json.dumps({node: asdict(one) for node, one in
                              validation_seconds(data, given.root.absolute()).items()}))
            return 0
        small, large = measure(data, 1), measure(data, TIMES)
    except TesseraError as error:
        print(f"bench: {error.line}", file=sys.stderr)
        return error.exit_code
    limits = judge(small, large)
    for node, one in small.items():
        print(f"{node:32} {one.seconds:6.1f} s {large[node].seconds:7.1f} s, CPU "
              f"{one.cpu_seconds:6.1f} s {large[node].cpu_seconds:7.1f} s")
    open_console().print(limit_table(limits))
    return int(not all(limit.holds for limit in limits))


if __name__ == "__main__":
    sys.exit(main())
