import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from worlds import column, own_project, small_spec

from components.sources.demo import DemoSizes, write_demo
from pipeline.config import load_config
from pipeline.console import open_console, recommendations, say
from pipeline.item_rows import ItemRow, item_rows
from schemas import SIDES
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


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_what_a_terminal_cannot_show_is_printed_as_its_code(monkeypatch, encoding):
    out = io.TextIOWrapper(io.BytesIO(), encoding, write_through=True)
    monkeypatch.setattr("sys.stdout", out)
    say(open_console(), "caf\udce9 é")
    shown = "é" if encoding == "utf-8" else "\\xe9"
    assert out.buffer.getvalue().decode() == f"caf\\udce9 {shown}\n"


def test_ids_in_a_narrow_terminal_are_whole():
    console = Console(file=io.StringIO(), width=30)
    items = [Recommendation("x" * 50, .5, {"like": .25, "rating": 4.0}, [], [])]
    console.print(recommendations("a user", items))
    message = console.file.getvalue()
    assert message.count("x") == 50 and "…" not in message


def test_titles_and_files_are_beside_the_items_that_the_dataset_has():
    console = Console(file=io.StringIO(), width=200)
    items = [Recommendation(name, .5, {}, [], []) for name in ("i1", "[red]i2")]
    console.print(recommendations("[bold]u", items, {
        "i1": ItemRow("A [calm] lamp", (Path("media/i1.png"), Path("media/i1.wav")))}))
    message = console.file.getvalue()
    assert "[bold]u" in message and "[red]i2" in message, "ids are text and no markup"
    assert "A [calm] lamp" in message and "media/i1.png" in message and "media/i1.wav" in message


def test_an_item_has_its_title_and_its_files(tmp_path):
    write_demo(tmp_path / "shop", DemoSizes(3, 12, 16))
    config = load_config(None, dataset="demo", data_dir=tmp_path / "shop")
    result = item_rows(config, {f"p{number:04}" for number in range(6)} | {"unknown"})
    assert set(result) == {f"p{number:04}" for number in range(6)}
    assert all(row.title for row in result.values())
    files = [file for row in result.values() for file in row.files]
    assert files and all(isinstance(file, Path) and file.is_file() for file in files)
    assert {file.suffix for file in files} <= {".png", ".wav", ".gif"}


def test_a_line_is_printed_as_it_is():
    console = Console(file=io.StringIO(), width=30)
    say(console, "Note: new categories, such as '[/b]' and '[red]', of a long line")
    assert console.file.getvalue() == (
        "Note: new categories, such as '[/b]' and '[red]', of a long line\n")


def test_an_id_is_known_however_the_table_writes_it(tmp_path):
    (tmp_path / "events.csv").write_text("who,what\nann,7\n")
    (tmp_path / "items.csv").write_text("what,title\n 7.0 ,Lamp\n")
    spec = small_spec(items=column("title", "BYTES", "text"))
    path = own_project(tmp_path, dict(zip(SIDES, spec.texts, strict=True)), source={
        "interactions": {"files": "events.csv"}, "items": {"files": "items.csv"}})
    assert item_rows(load_config(path), {"7"})["7"].title == "Lamp"
