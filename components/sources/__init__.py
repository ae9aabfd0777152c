"""The datasets Tessera can read, by name."""

from typing import Any

from pydantic import ValidationError

from components.sources.base import Record, Source
from components.sources.demo import DemoSource
from components.sources.files import FileOptions, FileSource
from components.sources.files.readers import FORMATS
from components.sources.movielens import EDITIONS, MovieLensSource
from schemas import parse_spec
from schemas.errors import InputError, unknown

SCHEMAS: dict[str, str] = {
    "demo": DemoSource.schema, **{name: edition.schema for name, edition in EDITIONS.items()}}
SOURCES = (*SCHEMAS, *FORMATS)

__all__ = ["SCHEMAS", "SOURCES", "DemoSource", "FileSource", "MovieLensSource", "Record", "Source",
           "open_source"]


def open_source(name: str, data_dir: str, files: dict[str, Any] | None = None) -> Source:
    """Opens a dataset.

    Args:
      name: A name in `SOURCES`.
      data_dir: The folder that holds the dataset's files.
      files: For a user's own files, `spec` (arguments of `parse_spec`) and `options`
        (`FileOptions`).

    Returns:
      The source, whose files are known to be there.

    Raises:
      InputError: The name is unknown, or a file that the dataset needs is missing.
    """
    if name == "demo":
        return DemoSource(data_dir)
    if name in EDITIONS:
        return MovieLensSource(data_dir, name)
    if name not in FORMATS:
        raise unknown("dataset", name, SOURCES)
    if files is None:
        raise InputError("source-without-config",
                         f"Dataset {name!r} needs a configuration that says where its tables are: "
                         "give it with --config.")
    try:
        options = FileOptions(**files["options"])
    except ValidationError as error:
        raise InputError("bad-source-option", f"In source: {error}") from error
    return FileSource(data_dir, name, parse_spec(**files["spec"]), options)
