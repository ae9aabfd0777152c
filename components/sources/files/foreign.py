"""Files of another format than was said, known by how they begin."""

import re
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import InputError

START = 512  # bytes that are looked at
_SAVE = "Save the table as CSV or Parquet"
_UNPACK = "Unpack it, and name the files in it"


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
