"""Whether a dataset's tables are in its folder: a link may lead to any file of this machine."""

from collections.abc import Iterable
from pathlib import Path

from schemas.errors import InputError


def require_inside(folder: Path, paths: Iterable[Path]) -> None:
    """Refuses tables that are elsewhere, by a link or by their name.

    Args:
      folder: The dataset's folder, which may itself be a link.
      paths: Files.

    Raises:
      InputError: A file is not in the folder.
    """
    inside = folder.resolve()
    for path in paths:
        if not path.resolve().is_relative_to(inside):
            raise InputError(
                "table-outside",
                f"File {path} is outside of the data folder {folder}, where a link or '..' leads. "
                "Put the file itself into the folder, or give the folder above with --data-dir.")
