"""Hostile tables: a name of a file in the data's folder, and what writes it."""

import bz2
import functools
import gzip
import io
import lzma
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet

HEADER = b"who,what,note\n"
ROWS = b"".join(b"user %d,item %d,%d\n" % (n % 97, n % 89, n) for n in range(2_000))
_MIB = 1 << 20


@functools.cache
def gzipped(megabytes: int) -> bytes:
    """One row whose note has so many characters."""
    return gzip.compress(HEADER + b"ann,tea," + b"x" * (megabytes * _MIB) + b"\n", 1)


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def parquet(table: pyarrow.Table | None = None, **how) -> bytes:
    """A Parquet file of some rows, or of a table."""
    out = io.BytesIO()
    few = {"who": ["ann", "bob"] * 50, "what": ["tea", "cup"] * 50, "note": ["x", "y"] * 50}
    pyarrow.parquet.write_table(pyarrow.table(few) if table is None else table, out, **how)
    return out.getvalue()


def repeated(length: int, rows: int) -> bytes:
    """One long text that each row refers to: a small file, and gigabytes as values."""
    notes = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * rows, pyarrow.int32()), ["x" * length])
    return parquet(pyarrow.table({
        "who": ["ann"] * rows, "what": ["tea"] * rows, "note": notes}), compression="zstd")


def deep(depth: int) -> bytes:
    """Lists within lists, as a column's type."""
    kind = pyarrow.string()
    for _ in range(depth):
        kind = pyarrow.list_(kind)
    return parquet(pyarrow.table({
        "who": ["ann"], "what": ["tea"], "note": pyarrow.nulls(1, kind)}))


def lying_footer(data: bytes, length: int) -> bytes:
    return data[:-8] + struct.pack("<I", length) + b"PAR1"


CSV: dict[str, Callable[[], bytes]] = {
    "gzip of one line of 200 MiB": lambda: gzipped(200),
    "bzip2 of one line of 50 MiB": lambda: bz2.compress(HEADER + b"x" * (50 * _MIB)),
    "xz of one line of 50 MiB": lambda: lzma.compress(HEADER + b"x" * (50 * _MIB), preset=0),
    "zip of a gzip of one line of 200 MiB": lambda: zipped("t.csv", gzipped(200)),
    "gzip in gzip in gzip in gzip": lambda: functools.reduce(
        lambda data, _: gzip.compress(data), range(4), HEADER + ROWS),
    "gzip of 5,000 members of nothing": lambda: gzip.compress(b"") * 5_000,
    "zip that leaves its folder": lambda: zipped("../../t.csv", HEADER + ROWS),
    "one line of 30 MiB": lambda: b"x" * (30 * _MIB),
    "a quote that never ends": lambda: HEADER + b'ann,tea,"' + b"x,\n" * 100_000,
    "a million columns": lambda: HEADER[:-1] + b",c" * 1_000_000 + b"\nann,tea\n",
    "a row of a million fields": lambda: HEADER + b"ann,tea" + b",1" * 1_000_000 + b"\n",
    "a million empty lines": lambda: HEADER + b"\n" * 1_000_000 + b"ann,tea,x\n",
    "zero bytes in the rows": lambda: HEADER + b"an\0n,tea,\0\0\0\nbob,cup,x\n",
}
JSON: dict[str, Callable[[], bytes]] = {
    "100,000 lists within lists": lambda: b'{"who": "ann", "what": ' + b"[" * 100_000 + b"\n",
    "100,000 objects within objects": lambda: (
        b'{"who": "ann", "what": "tea", "note": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001),
    "a number of a million digits": lambda: (
        b'{"who": "ann", "what": "tea", "note": ' + b"9" * 1_000_000 + b"}\n"),
    "numbers that are none": lambda: b'{"who": NaN, "what": Infinity, "note": 1e999999}\n',
    "a name a hundred thousand times": lambda: (
        b'{"what": "tea"' + b', "who": "ann"' * 100_000 + b"}\n"),
    "one array of a million numbers": lambda: b"[" + b"1," * 1_000_000 + b"1]",
    "a text that never ends": lambda: b'{"who": "' + b"x" * (20 * _MIB),
}
PARQUET: dict[str, Callable[[], bytes]] = {
    "a text of 1 MiB that 300 rows refer to": lambda: repeated(_MIB, 300),
    "Parquet of 200 lists within lists": lambda: deep(200),
    "Parquet of a footer of 4 GiB": lambda: lying_footer(parquet(), 0xFFFFFFF0),
    "Parquet of a footer of noise": lambda: lying_footer(os.urandom(2_000), 1_000),
    "Parquet of changed pages": lambda: parquet()[:4] + bytes(60) + parquet()[64:],
    "Parquet of 5,000 columns": lambda: parquet(pyarrow.table(
        {"who": ["ann"], "what": ["tea"], **{f"c{n}": [1] for n in range(5_000)}})),
}


def out_of_the_folder(folder: Path) -> None:
    (folder.parent / "outside").write_bytes(HEADER + ROWS)
    (folder / "events.csv").symlink_to("../outside")


# What is no plain file, by what puts it there.
PATHS: dict[str, Callable[[Path], object]] = {
    "a link that leads out": out_of_the_folder,
    "a link to a device": lambda folder: (folder / "events.csv").symlink_to("/dev/zero"),
    "a link to itself": lambda folder: (folder / "events.csv").symlink_to("events.csv"),
    "a pipe": lambda folder: os.mkfifo(folder / "events.csv"),
    "a folder": lambda folder: (folder / "events.csv").mkdir(),
}
MEDIA_PATHS: dict[str, Callable[[Path], str]] = {
    "a way out": lambda folder: "../outside",
    "a zero in the middle": lambda folder: "a\0b",
    "a name of 100,000 characters": lambda folder: "x" * 100_000,
    "a name of lone surrogates": lambda folder: "\ud800.png",
    "20,000 folders": lambda folder: "a/" * 20_000 + "x",
    "a pipe": lambda folder: (os.mkfifo(folder / "pipe"), "pipe")[1],
    "a link that leads out": lambda folder: (
        (folder / "link").symlink_to("/etc/passwd"), "link")[1],
    "a link to itself": lambda folder: ((folder / "loop").symlink_to("loop"), "loop")[1],
    "a link to a device": lambda folder: ((folder / "null").symlink_to("/dev/zero"), "null")[1],
}
