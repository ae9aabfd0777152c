"""Titles and files of items, from the dataset's own table."""

from pathlib import Path

from components.sources.demo import DemoSizes, write_demo
from pipeline.config import load_config
from pipeline.item_rows import item_rows


def test_an_item_has_its_title_and_its_files(tmp_path):
    write_demo(tmp_path / "shop", DemoSizes(3, 12, 16))
    config = load_config(None, dataset="demo", data_dir=tmp_path / "shop")
    result = item_rows(config, {f"p{number:04}" for number in range(6)} | {"unknown"})
    assert set(result) == {f"p{number:04}" for number in range(6)}
    assert all(row.title for row in result.values())
    files = [file for row in result.values() for file in row.files]
    assert files and all(isinstance(file, Path) and file.is_file() for file in files)
    assert {file.suffix for file in files} <= {".png", ".wav", ".gif"}
