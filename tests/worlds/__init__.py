"""Small worlds to test in: a dataset's spec, its rows, its files and its media, from a few words.

`schema` writes schemas, `rows` fills tables that fit a spec, `examples` writes and reads them as
components hand them on, `files` as a user has them, `media` makes pictures, sounds and videos.
"""

from worlds.files import json_lines, json_source, own_project, own_source, records, zipped
from worlds.media import picture, png
from worlds.rows import Rows, small_rows
from worlds.schema import column, history, id_columns, small_spec, unseen

__all__ = [
    "Rows", "column", "history", "id_columns", "json_lines", "json_source", "own_project",
    "own_source", "picture", "png", "records", "small_rows", "small_spec", "unseen", "zipped"]
