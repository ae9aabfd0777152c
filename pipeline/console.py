"""Where commands print."""

import sys

from rich.console import Console

_FILE_WIDTH = 10_000  # a file and a pipe have no edge


def open_console() -> Console:
    """Returns a console on stdout; what goes to a file or a pipe is never cut or wrapped."""
    return Console() if sys.stdout.isatty() else Console(width=_FILE_WIDTH)
