"""What a task may be called: its name is that of an output, a loss and a metric."""

import re
from collections.abc import Iterable

_ALLOWED = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
# What the networks, the losses and the exported model's signatures call their own.
TAKEN = frozenset({
    "alignment", "candidate", "catalogue", "imputation", "index", "item_ids", "item_imputation",
    "item_modality_weights", "item_parts", "item_present", "query", "reconstruction", "scores",
    "unseen", "user_imputation", "user_modality_weights", "weights",
})


def check_names(names: Iterable[str]) -> None:
    """Refuses a task's name that no output can have, or that another output has.

    Args:
      names: The tasks' names.

    Raises:
      ValueError: There is one; the message tells what is allowed.
    """
    for name in names:
        if not _ALLOWED.fullmatch(name):
            raise ValueError(f"no task may be called {name!r}; allowed are letters, digits and "
                             "'_', a letter first, 64 at most")
        if name in TAKEN:
            raise ValueError(f"no task may be called {name!r}, which is an output or a loss of "
                             f"the model itself; taken are: {', '.join(sorted(TAKEN))}")
