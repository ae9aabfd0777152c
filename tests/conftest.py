"""What all tests share: a prepared process and where real test data lies."""

import gc
import logging
import os
import sys
from pathlib import Path

import pytest

import pipeline.process  # noqa: F401  (prepares the process before TensorFlow is imported)
from pipeline.cli import main

_DATA = Path(os.environ.get("TESSERA_DATA", Path(__file__).parents[2] / "shared" / "data"))


# The files of such a folder look at one world, which takes long to make: one process has them all.
_ONE_WORLD = {Path(__file__).parent / folder for folder in (
    "e2e/shop", "trainer/all_modalities", "trainer/export", "trainer/data")}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Hands out whole files, and a folder that shares a world as if it were one."""
    from xdist.scheduler import LoadFileScheduling

    class ByWorld(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = config.rootpath / super()._split_scope(nodeid)
            return str(next(iter(_ONE_WORLD.intersection(file.parents)), file))

    return ByWorld(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish():
    """Spares the garbage collector what is imported: it would look at all of TensorFlow again."""
    gc.freeze()


@pytest.fixture(scope="session")
def movielens_dir():
    """The folder of MovieLens-100K with posters and plots, or a skip."""
    folder = _DATA / "ml100k_multimodal"
    if not folder.is_dir():
        pytest.skip("MovieLens-100K is absent: set TESSERA_DATA to the folder that holds it.")
    return folder


@pytest.fixture
def tessera(monkeypatch, capsys):
    """Runs the command in this process; returns its exit code, stdout and stderr."""

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["tessera", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        message = capsys.readouterr()
        return ended.value.code, message.out, message.err

    return command


@pytest.fixture(scope="module")
def extension():
    """The module `tests/extension.py`, whose toys are registered for one file of tests."""
    from extended import registered  # needs TFX, which takes seconds to load

    with registered() as module:
        yield module


@pytest.fixture(scope="module")
def stalls():
    """The module `tests/stalls.py`, whose toys are registered for one file of tests."""
    from extended import registered

    with registered("stalls") as module:
        yield module


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
