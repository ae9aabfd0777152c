"""What a list of recommendations may hold, and how it is ordered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from schemas.errors import InputError

SIGNATURE = "recommend_filtered"
MOST, MOST_DIVERSE = 1000, 200  # items of a list, for place after place takes time
EXCLUDE_SEEN, DIVERSITY = "exclude_seen", "diversity"
ALLOWED, BLOCKED = "allowed_item_ids", "blocked_item_ids"
BOOSTED, BOOSTS = "boosted_item_ids", "boosts"
_ALLOWED_COLUMN, _MOST_OF_COLUMN = "allowed_values_of_", "most_per_value_of_"


def allowed_key(column: str) -> str:
    """Returns the input of the values of a category that items must have one of."""
    return f"{_ALLOWED_COLUMN}{column}"


def most_key(column: str) -> str:
    """Returns the input of how many items of one value of a category a list may have."""
    return f"{_MOST_OF_COLUMN}{column}"


@dataclass(frozen=True)
class Filters:
    """What a list of recommendations may hold; the defaults change nothing.

    Attributes:
      exclude_seen: Whether items that the user has an event with are left out.
      allowed: Only these items, where any is given.
      blocked: None of these items.
      categories: Only items that have one of these values, by column of the items.
      most_per_category: How many items of one value a list may have, by column of the items.
      boosts: By item, how much its score is raised, in standard deviations of the user's scores.
      diversity: From 0, items by their scores alone, to 1, as different as can be.

    Example:
      >>> Filters(blocked=["7"], boosts={"9": 0.5}).inputs(rows=1)["boosted_item_ids"].tolist()
      [['9']]
    """

    exclude_seen: bool = True
    allowed: Sequence[str] = ()
    blocked: Sequence[str] = ()
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    most_per_category: Mapping[str, int] = field(default_factory=dict)
    boosts: Mapping[str, float] = field(default_factory=dict)
    diversity: float = 0.0

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if not 0 <= self.diversity <= 1:
            raise InputError("bad-diversity",
                             f"diversity must be between 0 and 1; given: {self.diversity}.")
        if low := {column: most for column, most in self.most_per_category.items() if most < 1}:
            raise InputError("bad-most-per-category",
                             f"most_per_category must be at least 1; given: {low}.")

    def inputs(self, rows: int) -> dict[str, np.ndarray]:
        """Returns the inputs of the signature, the same for each of some rows.

        Args:
          rows: Number of rows.

        Returns:
          Arrays by input; what is not asked for is left out.
        """
        lists: dict[str, Sequence[Any]] = {
            ALLOWED: self.allowed, BLOCKED: self.blocked, BOOSTED: [*self.boosts],
            BOOSTS: [*self.boosts.values()],
            **{allowed_key(column): values for column, values in self.categories.items()}}
        numbers = {
            EXCLUDE_SEEN: int(self.exclude_seen), DIVERSITY: float(self.diversity),
            **{most_key(column): most for column, most in self.most_per_category.items()}}
        return {
            # As objects: an array of texts takes the longest one's room for each.
            **{name: np.array([list(values)] * rows, None if name == BOOSTS else object)
               for name, values in lists.items() if values},
            **{name: np.full(rows, value) for name, value in numbers.items()}}


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
                text = self._file.read_text(encoding="utf-8-sig")
                self._ids = [line.strip() for line in text.splitlines() if line.strip()]
                self._read = (state.st_mtime_ns, state.st_size)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("bad-unavailable-file",
                             f"{self._file} must have one item's id a line: {error}.") from error
        return self._ids
