"""The datasets Tessera can read, by name."""

from collections.abc import Callable

from components.sources.base import Record, Source
from components.sources.demo import DemoSource
from components.sources.movielens import MovieLensSource
from schemas.errors import unknown

SOURCES: dict[str, Callable[[str], Source]] = {
    "demo": DemoSource,
    "movielens-100k": MovieLensSource,
}

__all__ = ["SOURCES", "DemoSource", "MovieLensSource", "Record", "Source", "open_source"]


def open_source(name: str, data_dir: str) -> Source:
    """Opens a dataset.

    Args:
      name: A name in `SOURCES`.
      data_dir: The folder that holds the dataset's files.

    Returns:
      The source, whose files are known to be there.

    Raises:
      InputError: The name is unknown, or a file that the dataset needs is missing.
    """
    if name not in SOURCES:
        raise unknown("dataset", name, SOURCES)
    return SOURCES[name](data_dir)
