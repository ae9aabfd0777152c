"""The datasets Tessera can read, by name; a further one is an entry of `SOURCES`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.sources.base import Record, Source, require_inside
from components.sources.demo import DemoSource
from components.sources.files import FileOptions, FileSource, require_rows
from components.sources.files.readers import FORMATS
from components.sources.movielens import EDITIONS, MovieLensSource
from components.sources.spans import Spans, SpanSource, events_alone
from schemas import SIDES, parse_spec
from schemas.errors import InputError, unknown
from schemas.extensions import load_extensions

__all__ = ["SOURCES", "DemoSource", "FileSource", "MovieLensSource", "Record", "Source",
           "SourceKind", "open_source"]


@dataclass(frozen=True)
class SourceKind:
    """A dataset, or a format of a user's own files.

    Attributes:
      open: Opens a folder; of a user's own files it takes `files`, see `open_source`, too.
      schema: The name of its folder of schemas, or the path of one; a user's own files have none.
      provide: The module whose function `provide(name, folder, console)` writes or fetches it.
        It is named and not imported, so that its code is in no cache key.
    """

    open: Callable[..., Source]
    schema: str = ""
    provide: str = ""

    @property
    def own(self) -> bool:
        """Whether the user brings schemas and says which file holds what."""
        return not self.schema


def _open_files(file_format: str, data_dir: str, files: dict[str, Any] | None = None) -> Source:
    if files is None:
        raise InputError("source-without-config",
                         f"Dataset {file_format!r} needs a configuration that says where its "
                         "tables are: give it with --config.")
    try:
        options = FileOptions(**files["options"])
    except ValidationError as error:
        raise InputError("bad-source-option", f"In source: {error}") from error
    return FileSource(data_dir, file_format, parse_spec(**files["spec"]), options)


SOURCES: dict[str, SourceKind] = {
    "demo": SourceKind(DemoSource, DemoSource.schema, "components.sources.demo.shop"),
    **{name: SourceKind(partial(MovieLensSource, name=name), edition.schema,
                        "components.sources.movielens.archives")
       for name, edition in EDITIONS.items()},
    **{name: SourceKind(partial(_open_files, name)) for name in FORMATS},
}


def open_source(name: str, data_dir: str, files: dict[str, Any] | None = None,
                extensions: Sequence[str] = (), spans: dict[str, Any] | None = None) -> Source:
    """Opens a dataset, or some spans of it where its folder has folders named by days.

    Args:
      name: A name in `SOURCES`.
      data_dir: The folder that holds the dataset's files.
      files: For a user's own files, `spec` (arguments of `parse_spec`) and `options`
        (`FileOptions`).
      extensions: Modules to import, which may register the source.
      spans: Which spans, see `Spans`; the newest where `None`.

    Returns:
      The source, whose files are known to be there.

    Raises:
      InputError: The name is unknown, or a file or a span that the dataset needs is missing or
        elsewhere.
    """
    load_extensions(extensions)
    if name not in SOURCES:
        raise unknown("dataset", name, SOURCES)
    names = Spans(**(spans or {})).names(Path(data_dir))
    if names:
        # Users and items are read of the newest span: those before it need not have them.
        read = {one: events_alone(files) for one in names} | {names[-1]: files}
        parts = [_open(SOURCES[name], str(Path(data_dir, one)), of) for one, of in read.items()]
        source: Source = SpanSource(data_dir, tuple(zip(names, parts, strict=True)))
    else:
        source = _open(SOURCES[name], data_dir, files)
        parts = [source]
    if own := [part for part in parts if isinstance(part, FileSource)]:
        require_rows("interactions", own)
        require_inside(Path(data_dir), (one for part in own for one in part.media_folders()))
    require_inside(Path(data_dir), (
        Path(data_dir, shard) for side in SIDES if source.has_table(side)
        for shard in source.shards(side)))
    return source


def _open(kind: SourceKind, folder: str, files: dict[str, Any] | None) -> Source:
    return kind.open(folder, files) if kind.own else kind.open(folder)
