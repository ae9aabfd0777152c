"""What users did of late, as the inputs of a request in which places correspond."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from schemas.errors import InputError
from serving.signature import HISTORY, filled, histories


def history_inputs(expected: Mapping[str, Any], history: Mapping[str, Sequence[Sequence[Any]]],
                   batch: int) -> dict[str, np.ndarray]:
    """Pads the histories of some users.

    Args:
      expected: The signature's inputs.
      history: By column one list a user, newest first.
      batch: Number of users.

    Returns:
      Arrays by input, `(batch, longest)`, of all histories of the signature.

    Raises:
      InputError: A column is none of the signature, has lists of other users, or holds what its
        dtype does not.
    """
    width = max([1, *(len(row) for rows in history.values() for row in rows)])
    there = histories(expected)
    # Columns that are not given get the width of the others, so that places correspond.
    padded = {name: filled(info, batch=batch, width=width)
              for name, info in expected.items() if name in there}
    for column, rows in history.items():
        name = HISTORY + column
        if name not in padded:
            known = ", ".join(sorted(there.values()))
            raise InputError("unknown-history-column",
                             f"Unknown history column {column!r}. Known: {known}.")
        if len(rows) != batch:
            raise InputError(
                "history-of-other-batch",
                f"History column {column!r} has {len(rows)} lists for {batch} users. "
                "Give one list a user, an empty one where there is no history."
            )
        try:
            for place, row in enumerate(rows):
                padded[name][place, : len(row)] = row
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError("bad-history-value",
                             f"History column {column!r} cannot be sent: {error}.") from error
    return padded
