"""The users whose rows ingest does not read."""

from pathlib import Path
from typing import Any

from components.catalog_gen.check import as_number
from schemas import FeatureSpec, InputError
from schemas.values.text import as_text, normal_identity


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
    """The records that are of users on the list."""

    def __init__(self, spec: FeatureSpec, side: str, listed: frozenset[str]):
        """Prepares for one table.

        Args:
          spec: The dataset's spec.
          side: The table.
          listed: What `read_deletions` returned.
        """
        self._listed = listed if side != "items" else frozenset()
        if self._listed:
            self._user = spec.role("user_id", side)
            self._numbers = {number for one in listed
                             if (number := self._number(one)) is not None}

    def __contains__(self, values: dict[str, Any]) -> bool:
        """Returns whether a record's values, as a source has them, are of such a user."""
        if not self._listed:
            return False
        given = values.get(self._user.name)
        if isinstance(given, list | tuple) and len(given) == 1:
            given = given[0]
        return (normal_identity(as_text(given)) in self._listed
                or self._number(given) in self._numbers)

    def _number(self, given: Any) -> int | float | None:
        """Returns an id as ingest reads it where ids are numbers: `7.00` and 7 are one."""
        if isinstance(given, bytes):
            given = as_text(given)
        return None if self._user.dtype is bytes else as_number(given, self._user)
