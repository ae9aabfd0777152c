"""The users whose rows ingest does not read."""

from pathlib import Path
from typing import Any

from components.catalog_gen.check import as_number
from schemas import FeatureSpec, InputError
from schemas.values.text import as_text, normal_identity, unnamed


def read_deletions(path: Path | None) -> frozenset[str]:
    """Reads a deletion list: users' ids as the data have them, one a line.

    Args:
      path: The file; `None` for no list.

    Returns:
      The ids in their usual form.

    Raises:
      InputError: The file cannot be read.
    """
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("unreadable-deletion-list",
                         f"The deletion list {path} cannot be read ({type(error).__name__}). Give "
                         "a file of users' ids, one a line, in UTF-8, with "
                         "'privacy.deletion_list'.") from error
    return frozenset(filter(None, map(normal_identity, lines)))


class Deletions:
    """The records that are of users on the list.

    Attributes:
      rows: How many there were.
      found: Whose, by hashes of what the list says.
    """

    def __init__(self, spec: FeatureSpec, side: str, listed: frozenset[str]):
        """Prepares for one table.

        Args:
          spec: The dataset's spec.
          side: The table.
          listed: What `read_deletions` returned.
        """
        self._listed = listed if side != "items" else frozenset()
        self.rows = 0
        self.found: set[str] = set()
        if self._listed:
            self._user = spec.role("user_id", side)
            self._numbers = {number: one for one in listed
                             if (number := self._number(one)) is not None}

    def __contains__(self, values: dict[str, Any]) -> bool:
        """Returns whether a record's values, as a source has them, are of such a user; counts."""
        if not self._listed:
            return False
        given = values.get(self._user.name)
        if isinstance(given, list | tuple) and len(given) == 1:
            given = given[0]
        text, number = normal_identity(as_text(given)), self._number(given)
        one = text if text in self._listed else (
            None if number is None else self._numbers.get(number))
        if one is None:
            return False
        self.rows += 1
        self.found.add(unnamed(one))
        return True

    def _number(self, given: Any) -> int | float | None:
        """Returns an id as ingest reads it where ids are numbers: `7.00` and 7 are one."""
        if isinstance(given, bytes):
            given = as_text(given)
        return None if self._user.dtype is bytes else as_number(given, self._user)
