"""The log of all rooms: from which level on its lines are shown, and where.

Every logger is a child of `tessera`: `tessera.trainer`, `tessera.progress`.
"""

import logging
import os
import sys

VARIABLE = "TESSERA_LOG"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING,
           "error": logging.ERROR}
_root = logging.getLogger("tessera")


class StandardError(logging.StreamHandler):
    """Writes to what standard error is when a line comes, such as a terminal that shows a bar."""

    def emit(self, record):
        """Writes a line."""
        self.stream = sys.stderr
        super().emit(record)


def show() -> None:
    """Shows lines on standard error, from the level on that `TESSERA_LOG` names, else `info`."""
    name = os.environ.get(VARIABLE, "info").lower()
    _root.setLevel(_LEVELS.get(name, logging.INFO))
    if not _root.handlers:
        _root.addHandler(StandardError())
        _root.propagate = False
        if name not in _LEVELS:
            _root.warning("%s is %r and must be one of %s; 'info' is taken.", VARIABLE, name,
                          ", ".join(_LEVELS))
    form = "%(asctime)s %(name)s: %(message)s" if verbose() else "%(message)s"
    _root.handlers[0].setFormatter(logging.Formatter(form))


def level() -> int:
    """Returns the level from which on lines are shown."""
    return _root.level


def verbose() -> bool:
    """Returns whether everything is shown, that of dependencies too."""
    return level() == logging.DEBUG
