"""MovieLens-latest-small: ratings.csv and movies.csv; it has nothing of its users but their ids.

Its tags.csv is not read: a tag is what a viewer said of a film, at a time that may be after a
test row's, and says who has seen it. Its links.csv leads to other sites, which are not read.

Layout: https://files.grouplens.org/datasets/movielens/ml-latest-small-README.html
"""

from collections.abc import Iterator
from pathlib import Path

from components.sources.files.delimited import csv_rows
from components.sources.files.layout import Layout
from components.sources.movielens.edition import Edition, Row, film

_TABLES = {"items": "movies.csv", "interactions": "ratings.csv"}
_COLUMNS = {
    "items": {"item_id": "movieId", "title": "title", "genres": "genres"},
    "interactions": {"user_id": "userId", "item_id": "movieId", "rating": "rating",
                     "timestamp": "timestamp"},
}
CSV = Layout()


def _read(side: str, path: Path) -> Iterator[Row]:
    for line, row, faults in csv_rows(path, CSV):
        values = {ours: row[theirs].strip() or None for ours, theirs in _COLUMNS[side].items()
                  } if row else {}
        yield line, film(values) if values and side == "items" else values, faults


ML_LATEST_SMALL = Edition(
    title="MovieLens-latest-small", schema="movielens-latest-small", folder="ml-latest-small",
    read=_read, tables=_TABLES, columns=_COLUMNS,
)
