"""A console that writes to nobody, and the smallest of shops."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from components.sources.demo import DemoSizes, write_demo


@pytest.fixture
def console() -> Console:
    """A console whose text is `console.file.getvalue()`."""
    return Console(file=io.StringIO(), width=200)


@pytest.fixture(scope="session")
def tiny_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo shop that is read but not worth a run; not to be written to."""
    folder = tmp_path_factory.mktemp("tiny") / "shop"
    write_demo(folder, DemoSizes(users=4, items=8, events=16))
    return folder
