"""The bytes of a file, decompressed by what it holds; a file of another format is refused."""

import bz2
import gzip
import io
import lzma
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from components.sources.files.zstd import ZstdFrames
from schemas.errors import InputError

START = 512  # bytes that are looked at
_SAVE = "Save the table as CSV or Parquet"
_UNPACK = "Unpack it, and name the files in it"
_BLOCK = 1 << 16
_MEMORY = 48 << 20  # bytes that a decompressor may take for what it has seen
_DEPTH = 3  # compressions of one file, such as a .gz in a .zip
_BZ2 = b"BZh"  # then a digit, and the digits of pi or, where there is nothing, of its root
_BZ2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")


@dataclass(frozen=True)
class Format:
    """A format that a table's file may turn out to have.

    Attributes:
      name: What it is called.
      begins: How its files begin.
      advice: What to do, without a full stop.
    """

    name: str
    begins: re.Pattern[bytes]
    advice: str


def _format(name: str, begins: bytes, advice: str = _SAVE) -> Format:
    return Format(name, re.compile(begins, re.DOTALL), advice)


# Headers such as ORCID or PARENT begin like some of them, but hold no control characters.
_BINARY = rb"(?=.{0,61}[\x00-\x08\x0e-\x1f])"
FORMATS = (
    _format("a Parquet file", rb"PAR[1E]" + _BINARY, "Set 'dataset' to parquet"),
    _format("an old Excel file (.xls)", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    _format("an ORC file", rb"ORC" + _BINARY),
    _format("an Avro file", rb"Obj\x01"),
    _format("an Arrow or Feather file", rb"(ARROW1|FEA1|\xff\xff\xff\xff)" + _BINARY),
    _format("an SQLite database", rb"SQLite format 3\x00", "Export the table as CSV"),
    _format("a DuckDB database", rb".{8}DUCK.\x00", "Export the table as Parquet"),
    _format("an HDF5 file", rb"\x89HDF\r\n"),
    _format("pickled Python data, which could run a program when it is read", rb"\x80[\x02-\x05]"),
    _format("a NumPy array", rb"\x93NUMPY"),
    _format("an R data file", rb"RD[XA][23]\nX\n|X\n\x00\x00\x00"),
    _format("a Stata file", rb"<stata_dta>"),
    _format("an SPSS file", rb"\$FL[23]"),
    _format("a picture", rb"\x89PNG|\xff\xd8\xff|GIF8[79]a", "Name the table that names it"),
    _format("a PDF document", rb"%PDF-"),
    _format("an archive (tar)", rb".{257}ustar[\x00 ]", _UNPACK),
    _format("an archive (7z or RAR)", rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07", _UNPACK),
    _format("a file of the program compress (.Z)", rb"\x1f[\x9d\xa0]", "Decompress it"),
    _format("the placeholder of a file in Git LFS", rb"version https://git-lfs",
            "Fetch the file itself with `git lfs pull`"),
    _format("a web page (HTML)", rb"(?i:(\xef\xbb\xbf)?\s*<(!doctype html|html|head|table)\b)",
            "Perhaps a login page was saved in place of the file: download it again"),
    _format("an XML file", rb"(\xef\xbb\xbf)?\s*<\?xml"),
)


def refuse_foreign(path: Path, start: bytes) -> None:
    """Refuses what no reader of text or Parquet reads.

    Args:
      path: The file, for messages.
      start: Its first `START` bytes, decompressed.

    Raises:
      InputError: They are those of another format; the message says of which, and what to do.
    """
    for one in FORMATS:
        if one.begins.match(start):
            raise InputError("foreign-file-format", f"File {path} is {one.name}. {one.advice}.")


def open_bytes(path: Path) -> io.BufferedReader:
    """Opens a file and decompresses it: gzip, bzip2, xz, Zstandard, LZ4, or a zip of one file.

    Raises:
      InputError: It is a zip of several files, or of a format that is no text.
    """
    file = path.open("rb")
    try:
        for _ in range(_DEPTH):
            decompress = _decompressor(file.peek(START))
            if decompress is None:
                break
            file = io.BufferedReader(_Decompressed(decompress(file, path), file))
        refuse_foreign(path, file.peek(START)[:START])
    except BaseException:
        file.close()
        raise
    return file


def compression(start: bytes) -> str | None:
    """Returns the name of the compression of which a file's first bytes are, or `None`."""
    decompress = _decompressor(start)
    return next((name for name, _, one in _KNOWN if one is decompress), None)


def _decompressor(start: bytes) -> Callable[[BinaryIO, Path], Any] | None:
    if start.startswith(_BZ2):
        return _bz2 if start[4:10] in _BZ2_BLOCKS else None
    return next((one for _, begins, one in _KNOWN if start.startswith(begins)), None)


class _Decompressed(io.RawIOBase):
    """What `read` of a stream gives, over a file that is closed with it."""

    def __init__(self, stream: Any, below: BinaryIO):
        self._stream = stream
        self._below = below

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._below.close()
        super().close()


class _Streams:
    """Decompresses the streams of a file one after the other.

    Python's own `bz2` and `lzma` take a stream whose start is damaged for padding and end there,
    without a word about the rows that are lost.
    """

    def __init__(self, file: BinaryIO, path: Path, decoder: Callable[[], Any]):
        self._file, self._path = file, path
        self._new = decoder
        self._decoder = decoder()

    def read(self, size: int) -> bytes:
        """Returns at most so many bytes, none at the end."""
        while True:
            packed = b""
            if self._decoder.eof:
                packed = self._decoder.unused_data or self._file.read(_BLOCK)
                while packed and not packed.strip(b"\0"):  # padding, which .xz allows
                    packed = self._file.read(_BLOCK)
                if not packed:
                    return b""
                packed = packed.lstrip(b"\0")
                self._decoder = self._new()
            elif self._decoder.needs_input:
                packed = self._file.read(_BLOCK)
                if not packed:
                    raise EOFError("the file ends before the end of its compressed data")
            try:
                data = self._decoder.decompress(packed, size)
            except lzma.LZMAError as error:
                if "limit" in str(error):  # liblzma's own words, by which alone it is known
                    raise _too_much(self._path) from error
                raise
            if data:
                return data


def _gzip(file: BinaryIO, path: Path) -> Any:
    return gzip.GzipFile(fileobj=file)


def _bz2(file: BinaryIO, path: Path) -> Any:
    return _Streams(file, path, bz2.BZ2Decompressor)


def _xz(file: BinaryIO, path: Path) -> Any:
    return _Streams(file, path, partial(lzma.LZMADecompressor, memlimit=_MEMORY))


def _too_much(path: Path) -> InputError:
    return InputError("compression-needs-memory",
                      f"File {path} is compressed such that it takes more than {_MEMORY >> 20} MiB "
                      "of memory to read it. Compress it again with a smaller window, as xz -8 or "
                      "zstd -19 have, or with gzip.")


def _arrow(codec: str) -> Callable[[BinaryIO, Path], Any]:
    def decompress(file: BinaryIO, path: Path) -> Any:
        import pyarrow

        if codec == "zstd":
            file = io.BufferedReader(ZstdFrames(file, _MEMORY, partial(_too_much, path)))
        return pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), codec)

    return decompress


def _zip(file: BinaryIO, path: Path) -> Any:
    """Opens the one file of an archive.

    Raises:
      InputError: There are several or none, or the archive is a spreadsheet, locked or damaged.
    """
    if not file.seekable():
        raise InputError("zip-in-zip",
                         f"File {path} is a zip archive within another one. Unpack it, and name "
                         "the table in it.")
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise InputError("damaged-zip",
                         f"File {path} is a zip archive that is damaged or cut short ({error}). "
                         "Replace it.") from error
    names = archive.namelist()
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise InputError("spreadsheet-file",
                         f"File {path} is a document of a spreadsheet or another office program "
                         "(such as .xlsx or .ods). Save the table as CSV.")
    tables = [one for one in archive.infolist() if not one.is_dir()
              and not one.filename.startswith("__MACOSX/")
              and not Path(one.filename).name.startswith(".")]
    if len(tables) != 1:
        some = ", ".join(one.filename for one in tables[:5])
        raise InputError("zip-of-several-files",
                         f"File {path} is a zip archive of {len(tables)} files"
                         f"{f' ({some})' if some else ''}, expected one table. Unpack it, and name "
                         "the files in it.")
    if tables[0].flag_bits & 1:
        raise InputError("zip-password",
                         f"File {path} is a zip archive with a password. Unpack it.")
    if tables[0].compress_type == zipfile.ZIP_LZMA and _dictionary(file, tables[0]) > _MEMORY:
        raise _too_much(path)
    try:
        return archive.open(tables[0])
    except (NotImplementedError, zipfile.BadZipFile) as error:
        raise InputError("unreadable-zip",
                         f"File {path} is a zip archive that cannot be read ({error}). Unpack it, "
                         "and name the table in it.") from error


def _dictionary(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Returns how many bytes a member that LZMA compressed may refer back to."""
    file.seek(member.header_offset + 26)
    skipped = sum(int.from_bytes(file.read(2), "little") for _ in range(2))  # name, extra
    file.seek(skipped + 5, os.SEEK_CUR)  # behind version, length and the first property
    return int.from_bytes(file.read(4), "little")


_KNOWN: tuple[tuple[str, bytes, Callable[[BinaryIO, Path], Any]], ...] = (
    ("gzip", b"\x1f\x8b", _gzip), ("bzip2", _BZ2, _bz2), ("xz", b"\xfd7zXZ\x00", _xz),
    ("lzma", b"\x5d\x00\x00", _xz), ("zstd", b"\x28\xb5\x2f\xfd", _arrow("zstd")),
    ("lz4", b"\x04\x22\x4d\x18", _arrow("lz4")), ("zip", b"PK\x03\x04", _zip),
    ("zip", b"PK\x05\x06", _zip),
)
