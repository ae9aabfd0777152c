"""Modules of a user's own, which register what they add where they are imported."""

import importlib
from collections.abc import Sequence

from schemas.errors import InputError

LOADED: list[str] = []  # in this process; their code is in every cache key


def load_extensions(modules: Sequence[str]) -> None:
    """Imports modules, so that what they register is known in this process.

    Args:
      modules: Dotted names, such as `"shop.extensions"`; one that is imported already is left.

    Raises:
      InputError: One cannot be imported.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # whatever a user's own module does
            raise InputError(
                "bad-extension",
                f"extensions names {module!r}, which cannot be imported: "
                f"{type(error).__name__}: {error}. Give the dotted name of a module that this "
                "Python finds, as in PYTHONPATH=. for one in this folder.") from error
        if module not in LOADED:
            LOADED.append(module)
