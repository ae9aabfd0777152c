"""The commands of docs/your-data.md, as they stand there, in a copy of the example's folder."""

import os
import re
import shlex
import shutil
import subprocess
import sys
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


def tessera(command: str, folder: Path) -> str:
    """Runs a command of the page and returns what it prints."""
    program, *arguments = shlex.split(command)
    assert program == "tessera"
    done = subprocess.run(
        [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments], cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("page") / "your-data"))


def test_the_page_names_its_commands():
    kinds = [command.split()[:3] for command in COMMANDS]
    assert kinds[0] == ["cd", "docs/your-data"]
    assert ["tessera", "schema", "infer"] in kinds and ["tessera", "schema", "check"] in kinds
    assert sum(kind[1] == "run" for kind in kinds) == 2


def test_the_page_shows_the_files_as_they_are():
    for name in ("my.yaml", "loans.yaml"):
        text = (EXAMPLE / name).read_text().split("thresholds:")[0]
        assert "".join(f"    {line}\n" for line in text.splitlines()) in PAGE


def test_schema_commands(folder):
    for command in (c for c in COMMANDS if c.startswith("tessera schema")):
        tessera(command, folder)
    assert (folder / "drafted" / "interactions.pbtxt").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("config", ["my.yaml", "loans.yaml"])
def test_run_commands(folder, config):
    told = tessera(f"tessera run --config {config}", folder)
    assert f"tessera run --config {config}" in COMMANDS
    assert "Blessed and pushed" in told


def test_the_example_holds_what_the_page_says(tmp_path):
    config = load_config(EXAMPLE / "my.yaml", root=tmp_path, recipe=str(EXAMPLE / "tiny.yaml"))
    spec = read_spec(config.schemas)
    found = run_ingest(open_source(**config.source_arguments(spec)), spec, tmp_path / "out")
    events = found.counts["interactions"]
    assert events["quarantined"] == 3 and 1000 < events["kept"] == events["read"] - 3
    assert [fault["reason"] for fault in found.faults if fault["kind"] == "row"] == [
        "item_id 'b99' is not in the table of items",
        "user_id is missing",
        "timestamp 'last week' is no time: expected seconds, milliseconds or an ISO date",
    ]
    assert {fault["kind"] for fault in found.faults} == {"row"}
    assert found.counts["items"] == {"read": 60, "kept": 60, "quarantined": 0}
    covers = len(list((EXAMPLE / "covers").glob("*.png")))
    assert sum(b"cover" in example for example in found.examples["items/Split-all"]) == covers > 40
    assert found.counts["users"] == {"read": 90, "kept": 90, "quarantined": 0}
