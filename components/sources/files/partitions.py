"""Columns that are the names of folders, as Hive and Spark write them: event_date=2024-05-01/."""

import re
from pathlib import PurePath
from urllib.parse import unquote

_FOLDER = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_ABSENT = "__HIVE_DEFAULT_PARTITION__"


def partitions(shard: str) -> dict[str, str | None]:
    """Returns what the folders of a file say of all its rows.

    Args:
      shard: The file's path from the data folder.

    Returns:
      Values by column, `None` for an absent one.

    Example:
      `partitions("sales/day=2024-05-01/part-0.csv")` is `{"day": "2024-05-01"}`.
    """
    folders = (_FOLDER.fullmatch(part) for part in PurePath(shard).parent.parts)
    values = {unquote(one[1]).strip(): unquote(one[2]) for one in folders if one}
    return {name: None if value == _ABSENT else value for name, value in values.items()}
