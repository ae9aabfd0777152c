"""What a source is, and that its tables are in its folder."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from schemas.errors import InputError


class Fault(NamedTuple):
    """Why a value, or a line, is left out.

    Attributes:
      reason: One sentence.
      column: The column whose value it is about; `""` where it is about the line.
    """

    reason: str
    column: str = ""


@dataclass(frozen=True)
class Record:
    """One row as a source read it, before any check.

    Attributes:
      values: Values by the schema's column name. An absent value is `None` or no key; several
        values are a list; media are bytes, or a path that ingest reads.
      source: The file it came from, relative to the dataset's folder.
      line: Its line or row there, from 1 on.
      faults: Values that the source left out of an otherwise good row.
    """

    values: dict[str, Any]
    source: str
    line: int
    faults: tuple[Fault, ...] = ()


class Source(Protocol):
    """A dataset's files. Instances are small and picklable: they travel to Beam's workers."""

    @property
    def data_dir(self) -> str:
        """The dataset's folder."""

    def has_table(self, side: str) -> bool:
        """Returns whether there is such a table; where not, ids come from the interactions."""

    def files(self) -> list[Path]:
        """Returns every file that a run reads, media included, and links to folders of media.

        Their paths in the dataset's folder and their content are the cache key.
        """

    def shards(self, side: str) -> list[str]:
        """Returns the parts of a table that can be read independently, such as file names."""

    def records(self, side: str, shard: str) -> Iterator[Record]:
        """Yields the rows of one part, in a streaming way."""


def require_inside(folder: Path, paths: Iterable[Path]) -> None:
    """Refuses tables, and folders of media, that are elsewhere, by a link or by their name.

    Args:
      folder: The dataset's folder, which may itself be a link.
      paths: Files and folders.

    Raises:
      InputError: One is not in the folder.
    """
    inside = folder.resolve()
    for path in paths:
        if not path.resolve().is_relative_to(inside):
            raise InputError(
                "table-outside",
                f"{path} is outside of the data folder {folder}, where a link or '..' leads. Put "
                "what it leads to into the folder, or give the folder above with --data-dir.")
