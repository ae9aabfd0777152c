"""Rows of a Parquet file.

pyarrow before 14.0.1 runs the pickle that a file of an extension type brings along
(CVE-2023-47248). `pyarrow_hotfix` forbids it, and has to be imported in each process that reads.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.sources.files.compression import START, compression, refuse_foreign
from components.sources.files.text import Layout, Place, forbidden
from components.sources.files.values import Unreadable
from schemas.errors import InputError

_BATCH = 4096  # rows at once, and fewer where they are large, as pictures are
_BATCH_BYTES = 1 << 22
_BUFFER = 1 << 20  # without one, a whole column of a row group is in memory
_PICKLED = "arrow.py_extension_type"  # what the guard names when it refuses a file
_PROBE_BYTES = 1 << 30
_NO_MEMORY = 3  # the probe's exit code
# It leaves out what Python does at the end of a process, where Arrow has aborted: a file that was
# read whole would count as one that kills its reader.
_PROBE = f"""
import os, resource, sys, pyarrow_hotfix, pyarrow.parquet
now = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize() \\
    if sys.platform == "linux" else 0
resource.setrlimit(resource.RLIMIT_DATA, (now + {_PROBE_BYTES},) * 2)
largest, code = 0, 0
try:
    with pyarrow.parquet.ParquetFile(sys.argv[1], buffer_size={_BUFFER}) as file:
        for batch in file.iter_batches(batch_size=int(sys.argv[2]), use_threads=False):
            largest = max(largest, sum(
                (one.dictionary_decode() if hasattr(one, "dictionary_decode") else one).nbytes
                for one in batch.columns))
except MemoryError:
    code = {_NO_MEMORY}
except BaseException:  # which the process that asks meets as well
    code = 1
print(largest, flush=True)
os._exit(code)
"""


def parquet_columns(path: Path, layout: Layout) -> list[str]:
    """Returns the columns of a Parquet file.

    Raises:
      InputError: The file is no Parquet file.
    """
    with _reading(path):
        return [name.strip() for name in _parquet().read_schema(path).names]


def parquet_rows(path: Path, layout: Layout) -> Iterator[tuple[int, dict, tuple[str, ...]]]:
    """Yields the rows of a Parquet file, one batch in memory at a time.

    Raises:
      InputError: The file is no Parquet file, or damaged; nobody knows what the damaged part held.
    """
    with _reading(path):
        size = _batch_size(_parquet().read_metadata(path))
    size = _survive(path, size)
    with _reading(path) as place, _parquet().ParquetFile(path, buffer_size=_BUFFER) as file:
        # As in the probe. Making Python's values takes longer, and a pool of threads in C++ that is
        # still there when the process forks or ends has made trouble.
        for batch in file.iter_batches(batch_size=size, use_threads=False):
            for row in _python_rows(batch):
                place.line += 1
                yield place.line, row, ()
        if place.line != file.metadata.num_rows:
            raise ValueError(f"its end promises {file.metadata.num_rows} rows")


def parquet_length(path: Path) -> int:
    """Returns the number of rows that a Parquet file says it has.

    Raises:
      InputError: The file is no Parquet file.
    """
    with _reading(path):
        return _parquet().read_metadata(path).num_rows


def _parquet() -> Any:
    """Returns `pyarrow.parquet`, guarded."""
    import pyarrow.parquet
    import pyarrow_hotfix  # noqa: F401  (before any read: pyarrow's reading of metadata runs it too)

    return pyarrow.parquet


def _batch_size(metadata: Any) -> int:
    """Returns how many rows are read at once, by the row group of the largest rows."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0)
    return max(1, min(_BATCH, int(_BATCH_BYTES / max(largest, 1))))


def _survive(path: Path, size: int) -> int:
    """Reads a file once in a process of its own; returns how many rows memory holds at once.

    On some damaged pages pyarrow ends the process that reads them; a run must end with a message.
    What the file says of its size is no bound: a million rows may refer to one long text.
    """
    run = subprocess.run([sys.executable, "-c", _PROBE, str(path), str(size)], capture_output=True,
                         check=False)
    if run.returncode == _NO_MEMORY:
        if size == 1:
            raise InputError("parquet-row-too-large",
                             f"Parquet file {path} has a row of more than {_PROBE_BYTES >> 20} "
                             "MiB. Leave its long values out.")
        return _survive(path, max(1, size // 16))
    if run.returncode < 0:
        raise InputError("parquet-kills-reader",
                         f"Parquet file {path} is damaged: reading it kills the process (signal "
                         f"{-run.returncode}). Replace it.")
    largest = int(run.stdout or 0)  # of what is damaged nothing but the message is known yet
    return max(1, min(size, size * _BATCH_BYTES // max(largest, 1)))


@contextmanager
def _reading(path: Path) -> Iterator[Place]:
    place = Place()
    try:
        yield place
    except PermissionError as error:
        raise forbidden(path, error) from error
    except Exception as error:  # pyarrow raises many kinds on damaged files
        if _PICKLED in str(error):
            raise InputError(
                "pickled-column",
                f"Parquet file {path} has a column of pickled Python objects (an extension type of "
                "pyarrow). Reading it could run a program that the file brings along. Write the "
                "column as plain values.") from None
        if place.line:
            raise InputError("damaged-parquet",
                             f"Parquet file {path} cannot be read further than row {place.line} "
                             f"({error}). It is damaged: replace it.") from error
        _refuse_other(path)
        raise InputError("not-parquet",
                         f"File {path} is no Parquet file, or damaged ({error}). Set 'dataset' to "
                         "csv or jsonl if it is text, or replace it.") from error


def _refuse_other(path: Path) -> None:
    """Names what else a file is than Parquet, where that is known."""
    with path.open("rb") as file:
        start = file.read(START)
    packed = compression(start)
    if packed:
        raise InputError("compressed-parquet",
                         f"File {path} is compressed ({packed}). Parquet is compressed inside: "
                         "unpack the file.")
    if not start.startswith(b"PAR1"):
        refuse_foreign(path, start)


def _python_rows(batch: Any) -> Iterator[dict[str, Any]]:
    import pyarrow

    names = [name.strip() for name in batch.schema.names]
    batch = pyarrow.RecordBatch.from_arrays(batch.columns, names=names)
    try:
        yield from batch.to_pylist()
        return
    except Exception:  # one value that Python cannot hold, such as the year 30000, fails them all
        pass
    for number in range(batch.num_rows):
        yield {name: _python_value(column[number])
               for name, column in zip(names, batch.columns, strict=True)}


def _python_value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except Exception as error:
        return Unreadable(str(error))
