"""The registries with the toys of an extension of tests, and without them afterwards."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from rich.console import Console

from components.further_checks import FURTHER_CHECKS
from components.media import MEDIA
from components.sources import SOURCES
from pipeline.config import load_config
from pipeline.run import run
from schemas import MODALITIES as RAW
from schemas.extensions import LOADED, load_extensions
from trainer.modalities import MODALITIES
from trainer.tasks import TASK_KINDS

REGISTRIES = (RAW, MEDIA, MODALITIES, TASK_KINDS, FURTHER_CHECKS, SOURCES)


@contextmanager
def unchanged() -> Iterator[None]:
    """Afterwards nothing is registered or imported but what was before."""
    before, loaded = [dict(registry) for registry in REGISTRIES], list(LOADED)
    try:
        yield
    finally:
        for registry, entries in zip(REGISTRIES, before, strict=True):
            registry.clear()
            registry.update(entries)
        for module in set(LOADED) - set(loaded):
            sys.modules.pop(module, None)
        LOADED[:] = loaded


@contextmanager
def registered(module: str = "extension") -> Iterator[ModuleType]:
    """An extension, registered."""
    with unchanged():
        load_extensions([module])
        yield sys.modules[module]


def run_project(folder: Path, recipe: dict[str, Any], config: dict[str, Any]) -> None:
    """Writes a recipe and a configuration into a folder that has data, and runs to a pushed model.

    Args:
      folder: Where they go, beside `kiosk`, the data; the root is its folder `root`.
      recipe: The recipe, which gets the name that the configuration says.
      config: The configuration, without folders.
    """
    (folder / config["recipe"]).write_text(yaml.safe_dump(recipe))
    (folder / "run.yaml").write_text(yaml.safe_dump(
        config | {"data_dir": str(folder / "kiosk"), "root": str(folder / "root")}))
    console = Console(file=io.StringIO(), width=200)
    with unchanged():
        code = run(load_config(folder / "run.yaml"), console)
    assert code == 0, console.file.getvalue()
