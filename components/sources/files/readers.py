"""Rows of one file, in a streaming way: number, values by the file's column, faults."""

import bz2
import csv
import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from components.sources.files.options import FileOptions
from schemas.errors import InputError

Row = tuple[int, dict[str, Any], tuple[str, ...]]
_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BATCH = 4096
_SEPARATORS = (",", ";", "\t", "|")


def open_text(path: Path, encoding: str) -> IO[str]:
    """Opens a text file, compressed or not, without its byte-order mark.

    Bytes that the encoding does not know become U+FFFD, so that they cost their own row at most.
    """
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    opener = _OPENERS.get(path.suffix, open)
    return opener(path, "rt", encoding=encoding, errors="replace", newline="")


def csv_columns(path: Path, options: FileOptions) -> list[str]:
    """Returns the header of a CSV file.

    Raises:
      InputError: The file is empty, or its delimiter or encoding is another one.
    """
    with open_text(path, options.encoding) as lines:
        start = lines.readline()
    if not start.strip():
        raise InputError(f"File {path} is empty. Its first line must name the columns.")
    if "\x00" in start:
        raise InputError(f"File {path} is no text in {options.encoding}: it holds zero bytes. "
                         "Set 'encoding' (perhaps utf-16), or save it as UTF-8.")
    header = next(csv.reader([start], delimiter=options.delimiter))
    if len(header) == 1:
        others = [mark for mark in _SEPARATORS if mark != options.delimiter and mark in start]
        if others:
            raise InputError(
                f"File {path} has one column only, {header[0]!r}, with the delimiter "
                f"{options.delimiter!r}. Set 'delimiter' to {others[0]!r}?"
            )
    return header


def csv_rows(path: Path, options: FileOptions) -> Iterator[Row]:
    """Yields the rows of a CSV file; quoted fields may hold delimiters and newlines."""
    with open_text(path, options.encoding) as lines:
        reader = csv.reader(lines, delimiter=options.delimiter)
        header = next(reader, [])
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, {}, (f"the line is no CSV ({error})",)
                continue
            if len(row) == len(header):
                yield line, dict(zip(header, row, strict=True)), ()
            elif row:
                yield line, {}, (f"the line has {len(row)} fields, expected {len(header)}",)


def parquet_columns(path: Path, options: FileOptions) -> list[str]:
    """Returns the columns of a Parquet file.

    Raises:
      InputError: The file is no Parquet file.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_schema(path).names
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise InputError(f"File {path} is no Parquet file ({error}).") from error


def parquet_rows(path: Path, options: FileOptions) -> Iterator[Row]:
    """Yields the rows of a Parquet file, one batch in memory at a time."""
    import pyarrow.parquet

    line = 1
    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                yield line, row, ()
                line += 1


def json_columns(path: Path, options: FileOptions) -> list[str]:
    """Returns the keys of the first object of a file of JSON lines.

    Raises:
      InputError: The file is empty, or its first line is no JSON object.
    """
    for _, row, faults in json_rows(path, options):
        if faults:
            raise InputError(f"File {path}: {faults[0]}. Expected a JSON object a line.")
        return list(row)
    raise InputError(f"File {path} is empty. Expected a JSON object a line.")


def json_rows(path: Path, options: FileOptions) -> Iterator[Row]:
    """Yields the objects of a file of JSON lines."""
    with open_text(path, options.encoding) as lines:
        for line, text in enumerate(lines, start=1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except ValueError as error:
                yield line, {}, (f"the line is no JSON ({error})",)
                continue
            if isinstance(row, dict):
                yield line, row, ()
            else:
                yield line, {}, ("the line is no JSON object",)


FORMATS: dict[str, Any] = {
    "csv": (csv_columns, csv_rows),
    "parquet": (parquet_columns, parquet_rows),
    "jsonl": (json_columns, json_rows),
}
