"""Tables for the terminal."""

from rich.markup import escape
from rich.table import Table

from serving.client import Recommendation


def recommendations(user: str, items: list[Recommendation]) -> Table:
    """Returns a table of what a user was recommended."""
    table = Table(title=f"Recommended to {escape(user)}")
    tasks = list(items[0].tasks) if items else []
    table.add_column("#", justify="right")
    table.add_column("item", overflow="fold")
    table.add_column("score", justify="right", overflow="fold")
    for task in tasks:
        table.add_column(task, justify="right", overflow="fold")
    for place, item in enumerate(items, start=1):
        table.add_row(str(place), escape(item.item_id), f"{item.score:.3f}",
                      *(_told(item.tasks[task]) for task in tasks))
    return table


def _told(prediction: float | list[float]) -> str:
    several = prediction if isinstance(prediction, list) else [prediction]
    return " ".join(f"{value:.3f}" for value in several)
