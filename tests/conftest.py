"""What all tests share: a prepared process and where real test data lies."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pipeline.environment  # noqa: F401  (prepares the process before TensorFlow is imported)
from pipeline.cli import main

_DATA = Path(os.environ.get("TESSERA_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def movielens_dir() -> Path:
    """The folder of MovieLens-100K with posters and plots, or a skip."""
    folder = _DATA / "ml100k_multimodal"
    if not folder.is_dir():
        pytest.skip("MovieLens-100K is absent: set TESSERA_DATA to the folder that holds it.")
    return folder


@pytest.fixture
def tessera(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable:
    """Runs the command in this process; returns its exit code, stdout and stderr."""

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["tessera", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return command
