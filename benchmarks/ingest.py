"""Memory and time of ingest on tables of millions of rows, made up for it.

    python -m benchmarks.bench --ingest

Each size is read from sharded Parquet files by a process of its own, as the pipeline's step does.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.machine import cpu_seconds
from pipeline.process import PeakMemory
from schemas.errors import TesseraError

SIZES = (1_000_000, 10_000_000)
MOST_MIB, MOST_EXPONENT = 4 * 1024.0, 1.1
_PER_USER, _PER_ITEM = 10, 100  # events
_BATCH = 500_000  # rows in memory, and in a file
_START, _SECONDS = 1_600_000_000, 3 * 365 * 86_400
_FAULTY = 0.001
_ID = 'feature {{ name: "{0}" type: BYTES presence {{ min_fraction: 1 }} ' \
      'annotation {{ tag: "{0}" }} }}\n'
_COUNT = 'feature { name: "met" type: INT annotation { tag: "events" } }\n'
_SCHEMAS = (
    _ID.format("user_id") + _COUNT
    + 'feature { name: "birth" type: INT int_domain { min: 1900 max: 2020 } '
      'annotation { tag: "numeric" } }',
    _ID.format("item_id") + _COUNT
    + 'feature { name: "words" type: BYTES annotation { tag: "text" } }',
    _ID.format("user_id") + _ID.format("item_id")
    + 'feature { name: "timestamp" type: INT annotation { tag: "timestamp" } }\n'
      'feature { name: "rating" type: FLOAT float_domain { min: 1 max: 5 } '
      'annotation { tag: "label:rating" } }\n'
    + "".join(
        f'feature {{ name: "past_{what}" type: {kind} value_count {{ max: 30 }} '
        f'annotation {{ tag: "history:{what}" }} }}\n'
        for what, kind in (("item_id", "BYTES"), ("timestamp", "INT"), ("rating", "FLOAT"))),
)


@dataclass(frozen=True)
class Ingested:
    """One run of ingest.

    Attributes:
      rows: Number of interactions.
      seconds: Time of the step, without the start of the process.
      cpu_seconds: Time that its processes had of a processor.
      peak_mib: Peak memory of all processes together.
      kept: Interactions kept.
    """

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    kept: int


def write_tables(folder: Path, rows: int) -> None:
    """Writes three tables in Parquet, file by file; one interaction in a thousand is faulty.

    Args:
      folder: Where to write.
      rows: Number of interactions; a user has ten of them and an item a hundred, on average.
    """
    users, items = max(rows // _PER_USER, 1), max(rows // _PER_ITEM, 1)
    random = np.random.default_rng(rows)
    for number, size in _batches(users):
        ids = _ids("u", np.arange(size) + number * _BATCH)
        _write(folder, "users", number, {
            "user_id": ids, "birth": random.integers(1930, 2011, size)})
    for number, size in _batches(items):
        ids = _ids("i", np.arange(size) + number * _BATCH)
        words = np.char.add("an item of kind ", random.integers(0, 1000, size).astype(str))
        _write(folder, "items", number, {"item_id": ids, "words": words})
    for number, size in _batches(rows):
        # Few users and items have much of what happens; some events are of no known item.
        owners = (users * random.random(size) ** 1.5).astype(np.int64)
        item_numbers = (items * random.random(size) ** 3).astype(np.int64)
        item_numbers[random.random(size) < _FAULTY] = items
        _write(folder, "interactions", number, {
            "user_id": _ids("u", owners), "item_id": _ids("i", item_numbers),
            "timestamp": _START + random.integers(0, _SECONDS, size),
            "rating": random.integers(1, 6, size).astype(float),
        })


def _batches(rows: int) -> list[tuple[int, int]]:
    """Returns number and size of each file."""
    return [(first // _BATCH, min(_BATCH, rows - first)) for first in range(0, rows, _BATCH)]


def _ids(letter: str, numbers: np.ndarray) -> np.ndarray:
    return np.char.add(letter, np.char.zfill(numbers.astype(str), 8))


def _write(folder: Path, side: str, number: int, columns: dict[str, np.ndarray]) -> None:
    import pyarrow
    import pyarrow.parquet

    path = folder / side / f"{number:04d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def run_ingest(data: Path, out: Path) -> dict[str, Any]:
    """Runs the pipeline's ingest step on the tables of `write_tables`.

    Args:
      data: The tables' folder.
      out: Where artifacts go.

    Returns:
      `seconds`, `cpu_seconds`, and `counts` as the quarantine has them.
    """
    import pipeline.process  # noqa: F401  (before TFX)

    from tfx.types import standard_artifacts  # isort: skip

    from components.artifacts import Quarantine
    from components.catalog_gen.component import Executor
    from schemas import SIDES, parse_spec

    spec = json.loads(parse_spec("bench", _SCHEMAS).to_json())
    options = {side: {"files": f"{side}/*.parquet"} for side in SIDES}
    outputs: dict[str, list[Any]] = {side: [standard_artifacts.Examples()] for side in SIDES}
    outputs["quarantine"] = [Quarantine()]
    for name, (artifact,) in outputs.items():
        artifact.uri = str(out / name)
    started, cpu = time.perf_counter(), cpu_seconds()
    Executor().Do({}, outputs, {
        "spec": json.dumps(spec), "split": "u80", "key_id": "", "privacy": "{}",
        "source": json.dumps({"name": "parquet", "data_dir": str(data),
                              "files": {"spec": spec, "options": options}}),
    })
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "cpu_seconds": cpu_seconds() - cpu,
            "counts": json.loads((out / "quarantine" / "counts.json").read_text())}


def measure(rows: int) -> Ingested:
    """Makes tables up and ingests them in a process of its own.

    Args:
      rows: Number of interactions.

    Raises:
      TesseraError: The process failed, or lost rows.
    """
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as scratch:
        data, out = Path(scratch, "data"), Path(scratch, "out")
        write_tables(data, rows)
        command = [sys.executable, "-m", "benchmarks.ingest", str(data), str(out)]
        with PeakMemory() as memory:
            process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        raise TesseraError("bench-ingest-failed",
                           f"Ingest of {rows:,} rows failed; its message is above.")
    result = json.loads(process.stdout.splitlines()[-1])
    counts = result["counts"]["interactions"]
    if not counts["read"] == counts["kept"] + counts["quarantined"] == rows:
        raise TesseraError("bench-ingest-lost-rows",
                           f"Ingest of {rows:,} rows lost some: {counts}.")
    return Ingested(rows, result["seconds"], result["cpu_seconds"], memory.megabytes,
                    counts["kept"])


def exponent(runs: list[Ingested]) -> float:
    """Returns the power of the number of rows that the time grows with, first to last run.

    Processor time is compared, for that of the clock depends on what else a machine does.
    """
    first, last = runs[0], runs[-1]
    return math.log(last.cpu_seconds / first.cpu_seconds) / math.log(last.rows / first.rows)


def ingest_table(runs: list[Ingested]) -> Table:
    """Returns a table of the runs."""
    table = Table(title="Ingest from Parquet")
    for column in ("interactions", "kept", "seconds", "CPU seconds", "peak MiB"):
        table.add_column(column, justify="right")
    for run in runs:
        table.add_row(f"{run.rows:,}", f"{run.kept:,}", f"{run.seconds:.0f}",
                      f"{run.cpu_seconds:.0f}", f"{run.peak_mib:.0f}")
    return table


if __name__ == "__main__":
    print(json.dumps(run_ingest(Path(sys.argv[1]), Path(sys.argv[2]))))
