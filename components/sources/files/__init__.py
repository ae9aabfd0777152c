"""A user's own tables: CSV, Parquet or JSON lines, described by a configuration."""

from components.sources.files.options import FileOptions, TableOptions
from components.sources.files.source import FileSource, require_rows

__all__ = ["FileOptions", "FileSource", "TableOptions", "require_rows"]
