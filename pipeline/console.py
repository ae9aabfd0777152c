"""What commands print on, and tables for it."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:  # a client takes a while to load
    from pipeline.item_rows import ItemRow
    from serving.recommendations import Recommendation

_FILE_WIDTH = 10_000  # a file and a pipe have no edge


def open_console() -> Console:
    """Returns a console on stdout; what goes to a file or a pipe is never cut or wrapped.

    A character that stdout's encoding lacks is printed as its code, as Python does on stderr.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return Console() if sys.stdout.isatty() else Console(width=_FILE_WIDTH)


def say(console: Console, line: str) -> None:
    """Prints a line as it is: a path or a value may hold what rich would take for a tag."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def recommendations(user: str, items: list[Recommendation],
                    rows: Mapping[str, ItemRow] | None = None) -> Table:
    """Returns a table of what a user was recommended.

    Args:
      user: The user's id.
      items: The items, the best first.
      rows: What a person sees of items, by id; without it ids alone are shown.
    """
    table = Table(title=f"Recommended to {escape(user)}")
    tasks = list(items[0].tasks) if items else []
    table.add_column("#", justify="right")
    table.add_column("item", overflow="fold")
    table.add_column("score", justify="right", overflow="fold")
    for task in tasks:
        table.add_column(task, justify="right", overflow="fold")
    for column in ("called", "files") if rows is not None else ():
        table.add_column(column, overflow="fold")
    for place, item in enumerate(items, start=1):
        table.add_row(str(place), escape(item.item_id), f"{item.score:.3f}",
                      *(_shown(item.tasks[task]) for task in tasks),
                      *(_seen(rows.get(item.item_id)) if rows is not None else ()))
    return table


def _seen(row: ItemRow | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    return escape(row.title), escape("\n".join(map(str, row.files)))


def _shown(prediction: float | list[float]) -> str:
    several = prediction if isinstance(prediction, list) else [prediction]
    return " ".join(f"{value:.3f}" for value in several)
