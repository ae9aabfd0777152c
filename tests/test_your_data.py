"""The commands of docs/your-data.md, as they stand there, in a copy of the example's folder."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from ingested import run_ingest

from components.sources import open_source
from pipeline.config import load_config
from schemas import read_spec

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "your-data"
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
            for line in block.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("page") / "your-data"))


@pytest.fixture
def output_of(tessera, folder, monkeypatch):
    """Runs a command of the page in its folder; returns what it prints."""

    def output_of(command: str) -> str:
        program, *words = shlex.split(command)
        monkeypatch.chdir(folder)
        code, out, err = tessera(*words)
        assert (program, code) == ("tessera", 0), f"{command}\n{out[-3000:]}\n{err[-3000:]}"
        return out

    return output_of


def test_the_page_names_its_commands():
    kinds = [command.split()[:3] for command in COMMANDS]
    assert kinds[0] == ["cd", "docs/your-data"]
    assert ["tessera", "schema", "infer"] in kinds and ["tessera", "schema", "check"] in kinds
    assert sum(kind[1] == "run" for kind in kinds) == 2


def test_the_page_shows_the_files_as_they_are():
    for name in ("my.yaml", "loans.yaml"):
        text = (EXAMPLE / name).read_text().split("checks:")[0]
        assert "".join(f"    {line}\n" for line in text.splitlines()) in PAGE


def test_schema_commands(output_of, folder):
    for command in (c for c in COMMANDS if c.startswith("tessera schema")):
        output_of(command)
    assert (folder / "drafted" / "interactions.pbtxt").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("config", ["my.yaml", "loans.yaml"])
def test_run_commands(output_of, config):
    assert f"tessera run --config {config}" in COMMANDS
    assert "Blessed and pushed" in output_of(f"tessera run --config {config}")


def test_the_example_holds_what_the_page_says(tmp_path):
    config = load_config(EXAMPLE / "my.yaml", root=tmp_path, recipe=str(EXAMPLE / "tiny.yaml"))
    spec = read_spec(config.schemas)
    result = run_ingest(open_source(**config.source_arguments(spec)), spec, tmp_path / "out")
    events = result.counts["interactions"]
    assert events["quarantined"] == 3 and 1000 < events["kept"] == events["read"] - 3
    assert [fault["reason"] for fault in result.faults if fault["kind"] == "row"] == [
        "item_id 'b99' is not in the table of items", "user_id is missing",
        "timestamp 'last week' is no time: expected seconds, milliseconds or an ISO date"]
    assert {fault["kind"] for fault in result.faults} == {"row"}
    assert result.counts["items"] == {"read": 60, "kept": 60, "quarantined": 0}
    covers = len(list((EXAMPLE / "covers").glob("*.png")))
    assert sum(b"cover" in example for example in result.examples["items/Split-all"]) == covers > 40
    assert result.counts["users"] == {"read": 90, "kept": 90, "quarantined": 0}
