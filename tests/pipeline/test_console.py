"""Where commands print: nothing is cut where there is no edge."""

import io
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.console import open_console, recommendations, say
from pipeline.item_rows import ItemRow
from serving.recommendations import Recommendation


def wide():
    table = Table(title="figures")
    for number in range(20):
        table.add_column(f"ndcg@{number}", justify="right")
    table.add_row(*(f"0.{number:04}" for number in range(20)))
    return table


def test_a_table_in_a_file_is_whole(capsys):
    open_console().print(wide())
    lines = capsys.readouterr().out.splitlines()
    assert any(all(f"0.{number:04}" in line for number in range(20)) for line in lines)
    assert "…" not in "".join(lines) and max(map(len, lines)) < 400


def test_ids_in_a_narrow_terminal_are_whole():
    console = Console(file=io.StringIO(), width=30)
    items = [Recommendation("x" * 50, .5, {"like": .25, "rating": 4.0}, [], [])]
    console.print(recommendations("a user", items))
    message = console.file.getvalue()
    assert message.count("x") == 50 and "…" not in message


def test_titles_and_files_are_beside_the_items_that_the_dataset_has():
    console = Console(file=io.StringIO(), width=200)
    items = [Recommendation(name, .5, {}, [], []) for name in ("i1", "i2")]
    console.print(recommendations("u", items, {
        "i1": ItemRow("A [calm] lamp", (Path("media/i1.png"), Path("media/i1.wav")))}))
    message = console.file.getvalue()
    assert "A [calm] lamp" in message and "media/i1.png" in message and "media/i1.wav" in message


def test_ids_are_text_and_no_markup():
    console = Console(file=io.StringIO(), width=200)
    console.print(recommendations("[bold]u[/bold]", [Recommendation("[red]i", .5, {}, [], [])]))
    message = console.file.getvalue()
    assert "[bold]u[/bold]" in message and "[red]i" in message


def test_a_line_is_printed_as_it_is():
    console = Console(file=io.StringIO(), width=30)
    say(console, "Note: new categories, such as '[/b]' and '[red]', of a long line")
    assert console.file.getvalue() == (
        "Note: new categories, such as '[/b]' and '[red]', of a long line\n")
