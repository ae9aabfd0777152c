"""What all tests share: a prepared process and where real test data lies."""

import logging
import os
from pathlib import Path

import pytest

import pipeline.environment  # noqa: F401  (prepares the process before TensorFlow is imported)

_DATA = Path(os.environ.get("TESSERA_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def movielens_dir() -> Path:
    """The folder of MovieLens-100K with posters and plots, or a skip."""
    folder = _DATA / "ml100k_multimodal"
    if not folder.is_dir():
        pytest.skip("MovieLens-100K is absent: set TESSERA_DATA to the folder that holds it.")
    return folder


@pytest.fixture
def log_lines():
    """The lines that are logged from now on, of all rooms."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    handler, root = Lines(), logging.getLogger("tessera")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)
