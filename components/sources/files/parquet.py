"""Rows of a Parquet file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.sources.files.options import FileOptions
from components.sources.files.text import Place
from components.sources.files.values import Unreadable
from schemas.errors import InputError

_BATCH = 4096


def parquet_columns(path: Path, options: FileOptions) -> list[str]:
    """Returns the columns of a Parquet file.

    Raises:
      InputError: The file is no Parquet file.
    """
    import pyarrow.parquet

    with _reading(path):
        return [name.strip() for name in pyarrow.parquet.read_schema(path).names]


def parquet_rows(path: Path, options: FileOptions) -> Iterator[tuple[int, dict, tuple[str, ...]]]:
    """Yields the rows of a Parquet file, one batch in memory at a time.

    Raises:
      InputError: The file is no Parquet file, or damaged; nobody knows what the damaged part held.
    """
    import pyarrow.parquet

    with _reading(path) as place, pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in _python_rows(batch):
                place.line += 1
                yield place.line, row, ()
        if place.line != file.metadata.num_rows:
            raise ValueError(f"its end promises {file.metadata.num_rows} rows")


@contextmanager
def _reading(path: Path) -> Iterator[Place]:
    place = Place()
    try:
        yield place
    except PermissionError as error:
        raise InputError(f"File {path} cannot be read ({error.strerror}). Give yourself the right "
                         "to read it.") from error
    except Exception as error:  # pyarrow raises many kinds on damaged files
        if place.line:
            raise InputError(f"Parquet file {path} cannot be read further than row {place.line} "
                             f"({error}). It is damaged: replace it.") from error
        raise InputError(f"File {path} is no Parquet file, or damaged ({error}). Set 'dataset' to "
                         "csv or jsonl where it is text, or replace it.") from error


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
