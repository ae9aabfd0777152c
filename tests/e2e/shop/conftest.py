"""A small shop that goes through the whole pipeline once; the tests of this folder look at it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e_project import new_project

from components.sources.demo import DemoSizes
from serving.server import EmbeddedServer

PACKAGES = ("components", "pipeline", "schemas", "serving", "trainer")


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The shop before its first run."""
    return new_project(tmp_path_factory.mktemp("project"), DemoSizes(60, 100, 1800))


@pytest.fixture(scope="session")
def first(project):
    """The first run."""
    return project.run()


@pytest.fixture(scope="session")
def again(project, first):
    """The same once more."""
    return project.run()


@pytest.fixture(scope="session")
def server(project, first):
    """The model that the first run pushed, served."""
    with EmbeddedServer(project.served) as running:
        yield running


@pytest.fixture(scope="session")
def edited_source(tmp_path_factory):
    """A context in which digests of code see modules with one line more each.

    They look at a copy of the packages; what runs is the project itself.
    """
    source, copy = Path(__file__).parents[3], tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(source / package, copy / package,
                        ignore=shutil.ignore_patterns("__pycache__"))

    @contextmanager
    def edit(*modules: str) -> Iterator[pytest.MonkeyPatch]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("components.code_digest._ROOT", copy)
            for module in modules:
                with (copy / module).open("a", encoding="utf-8") as file:
                    file.write("_ONE_LINE_MORE = True\n")
            yield patch
        for module in modules:
            shutil.copy2(source / module, copy / module)

    return edit
