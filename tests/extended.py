"""The registries with the toys of an extension of tests, and without them afterwards."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from components.further_checks import FURTHER_CHECKS
from components.media import MEDIA
from components.sources import SOURCES
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
