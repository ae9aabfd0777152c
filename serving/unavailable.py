"""A list of items that no request gets, which changes without a new model."""

from pathlib import Path

from schemas.errors import InputError


class Unavailable:
    """The ids in a file, one a line; the file is read again when it changes.

    Args:
      file: The file; empty lines count for nothing.

    Example:
      >>> import tempfile
      >>> file = Path(tempfile.mkdtemp(), "sold-out.txt")
      >>> _ = file.write_text("7\\n9\\n")
      >>> Unavailable(file).ids()
      ['7', '9']
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[int, int] | None = None
        self._ids: list[str] = []

    def ids(self) -> list[str]:
        """Returns the ids as of now.

        Raises:
          InputError: The file cannot be read.
        """
        try:
            state = self._file.stat()
            if (state.st_mtime_ns, state.st_size) != self._read:
                text = self._file.read_text(encoding="utf-8")
                self._ids = [line.strip() for line in text.splitlines() if line.strip()]
                self._read = (state.st_mtime_ns, state.st_size)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("bad-unavailable-file",
                             f"{self._file} must have one item's id a line: {error}.") from error
        return self._ids
