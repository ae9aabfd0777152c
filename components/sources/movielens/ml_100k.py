"""MovieLens-100K: u.data, u.user and u.item, as the README in its archive describes them."""

from collections.abc import Iterator
from pathlib import Path

from components.sources.movielens.edition import Edition, Row, separated

_FIELDS = {
    "users": ("user_id", "age", "gender", "occupation", "zip_code"),
    "interactions": ("user_id", "item_id", "rating", "timestamp"),
}
_SEPARATORS = {"users": "|", "interactions": "\t"}
_ITEM_FIELDS = ("item_id", "title", "release_date", "video_release_date", "imdb_url")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The order of the flags in u.item, as u.genre gives it; the first, "unknown", is no genre.
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)


def _read(side: str, path: Path) -> Iterator[Row]:
    if side != "items":
        yield from separated(path, _SEPARATORS[side], _FIELDS[side])
        return
    for line, row, faults in separated(path, "|", _ITEM_FIELDS + _GENRES):
        values = {
            "item_id": row["item_id"],
            "title": row["title"],
            "genres": [genre for genre in _GENRES[1:] if row[genre] == "1"],
            "release_date": _year(row["release_date"]),
        } if row else {}
        yield line, values, faults


def _year(date: str | None) -> str | None:
    """Returns a date such as 14-Mar-1997 as a year with a fraction; what is none, as it is."""
    parts = (date or "").split("-")
    if len(parts) != 3 or parts[1] not in _MONTHS or not (parts[0] + parts[2]).isdecimal():
        return date
    day, month, year = parts
    passed = _MONTHS.index(month) + (int(day) - 1) / 31
    return f"{int(year) + passed / 12:.3f}"


ML_100K = Edition(
    title="MovieLens-100K", schema="movielens", folder="ml-100k", read=_read, content=True,
    tables={"users": "u.user", "items": "u.item", "interactions": "u.data"},
)
