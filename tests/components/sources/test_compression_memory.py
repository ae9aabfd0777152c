import io
import lzma
import zipfile
import zlib

import pyarrow
import pytest
from refusals import refuses

from components.sources.files.delimited import csv_rows
from components.sources.files.text import Layout

TABLE = b"who,what\n" + b"ann,tea\n" * 3_000


def _xz(size: int) -> bytes:
    """A file whose header asks for a dictionary; the size is a byte as the format has it."""
    data = bytearray(lzma.compress(TABLE, preset=0))
    end = 12 + (data[12] + 1) * 4
    assert data[14:16] == b"\x21\x01"
    data[16] = size
    data[end - 4:end] = zlib.crc32(data[12:end - 4]).to_bytes(4, "little")
    return bytes(data)


def _alone(size: int) -> bytes:
    data = bytearray(lzma.compress(TABLE, lzma.FORMAT_ALONE, preset=0))
    data[1:5] = size.to_bytes(4, "little")
    return bytes(data)


def _zip(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("table.csv", TABLE)
    data = bytearray(out.getvalue())
    place = 30 + len("table.csv") + 5
    data[place:place + 4] = size.to_bytes(4, "little")
    return bytes(data)


def _zstd(exponent: int, first: bytes = b"") -> bytes:
    """Frames with raw blocks; the last one has a window of two to the power of 10 more."""
    def frame(window: int, content: bytes) -> bytes:
        block = (len(content) << 3 | 1).to_bytes(3, "little")
        return b"\x28\xb5\x2f\xfd\0" + bytes([window << 3]) + block + content

    return first + frame(7, TABLE) + frame(exponent, b"bob,cup\n")


_SKIPPED = (0x184D2A51).to_bytes(4, "little") + (9).to_bytes(4, "little") + b"x" * 9
LARGE = {"xz": _xz(33), "lzma": _alone(384 << 20), "zip": _zip(384 << 20), "zstd": _zstd(17),
         "zstd behind others": _zstd(17, _zstd(3) + _SKIPPED),
         "zstd in xz": lzma.compress(_zstd(17), preset=0)}
SMALL = {"xz": _xz(22), "xz -8": lzma.compress(TABLE, preset=8), "lzma": _alone(8 << 20),
         "zip": _zip(8 << 20), "zstd": _zstd(10),
         "zstd with others": _zstd(3) + _SKIPPED + _zstd(5),
         "zstd of a library": pyarrow.compress(TABLE, "zstd", asbytes=True)}


def _rows(folder, data: bytes) -> int:
    path = folder / "events.csv"
    path.write_bytes(data)
    return sum(1 for _ in csv_rows(path, Layout()))


@pytest.mark.parametrize("name", LARGE)
def test_a_window_that_is_too_large_is_refused(tmp_path, name):
    with refuses("compression-needs-memory", "events.csv"):
        _rows(tmp_path, LARGE[name])


@pytest.mark.parametrize("name", SMALL)
def test_a_usual_window_is_read(tmp_path, name):
    assert _rows(tmp_path, SMALL[name]) >= 3_000


def test_a_zstd_file_that_breaks_off_is_damaged(tmp_path):
    with refuses("damaged-text-file"):
        _rows(tmp_path, SMALL["zstd of a library"][:-9])
