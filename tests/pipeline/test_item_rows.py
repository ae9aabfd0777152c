"""Titles and files of items, from the dataset's own table."""

from pathlib import Path

from worlds import column, small_spec

from components.sources.demo import DemoSizes, write_demo
from pipeline.config import load_config
from pipeline.item_rows import item_rows
from schemas import SIDES


def test_an_item_has_its_title_and_its_files(tmp_path):
    write_demo(tmp_path / "shop", DemoSizes(3, 12, 16))
    config = load_config(None, dataset="demo", data_dir=tmp_path / "shop")
    result = item_rows(config, {f"p{number:04}" for number in range(6)} | {"unknown"})
    assert set(result) == {f"p{number:04}" for number in range(6)}
    assert all(row.title for row in result.values())
    files = [file for row in result.values() for file in row.files]
    assert files and all(isinstance(file, Path) and file.is_file() for file in files)
    assert {file.suffix for file in files} <= {".png", ".wav", ".gif"}


def test_an_id_is_known_however_the_table_writes_it(tmp_path):
    (tmp_path / "events.csv").write_text("who,what\nann,7\n")
    (tmp_path / "items.csv").write_text("what,title\n 7.0 ,Lamp\n")
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    spec = small_spec(items=column("title", "BYTES", "text"))
    for side, text in zip(SIDES, spec.texts, strict=True):
        (schemas / f"{side}.pbtxt").write_text(text)
    (tmp_path / "my.yaml").write_text(
        "dataset: csv\nschemas: schemas\n"
        "source: {interactions: {files: events.csv}, items: {files: items.csv}}\n")
    assert item_rows(load_config(tmp_path / "my.yaml"), {"7"})["7"].title == "Lamp"
