"""Small worlds to test in: a dataset's spec, its rows, its files and its media, from a few words.

`schema` writes schemas, `rows` fills tables that fit a spec, `files` writes tables as a user would
and reads them as a source, `media` makes pictures, sounds and videos.
"""

from worlds.files import RowsSource, write_tables
from worlds.media import picture, png
from worlds.rows import Rows, small_rows
from worlds.schema import column, history, id_columns, small_spec, unseen

__all__ = [
    "Rows", "RowsSource", "column", "history", "id_columns", "picture", "png", "small_rows",
    "small_spec", "unseen", "write_tables",
]
