"""MovieLens-1M: ratings.dat, users.dat and movies.dat, as the README in its archive describes them.

Source of the codes: https://files.grouplens.org/datasets/movielens/ml-1m-README.txt
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.sources.movielens.edition import Edition, Row, film, separated

_FIELDS = {
    "users": ("user_id", "gender", "age_group", "occupation", "zip_code"),
    "items": ("item_id", "title", "genres"),
    "interactions": ("user_id", "item_id", "rating", "timestamp"),
}
_AGES = {
    "1": "Under 18", "18": "18-24", "25": "25-34", "35": "35-44", "45": "45-49", "50": "50-55",
    "56": "56+",
}
_OCCUPATIONS = dict(enumerate((
    "other or not specified", "academic/educator", "artist", "clerical/admin",
    "college/grad student", "customer service", "doctor/health care", "executive/managerial",
    "farmer", "homemaker", "K-12 student", "lawyer", "programmer", "retired", "sales/marketing",
    "scientist", "self-employed", "technician/engineer", "tradesman/craftsman", "unemployed",
    "writer",
)))
_CODES = {"age_group": _AGES, "occupation": {str(k): v for k, v in _OCCUPATIONS.items()}}


def _read(side: str, path: Path) -> Iterator[Row]:
    for line, row, faults in separated(path, "::", _FIELDS[side]):
        if row and side == "items":
            yield line, film(row), faults
        elif row and side == "users":
            yield line, *_viewer(row)
        else:
            yield line, row, faults


def _viewer(row: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Returns a viewer with words for codes, and what codes are unknown."""
    values, faults = dict(row), []
    for column, words in _CODES.items():
        code = row[column]
        values[column] = words.get(code)
        if code is not None and code not in words:
            faults.append(f"{column} {code!r} is no code of MovieLens-1M; known: "
                          f"{', '.join(words)}")
    return values, tuple(faults)


ML_1M = Edition(
    title="MovieLens-1M", schema="movielens-1m", folder="ml-1m", read=_read,
    tables={"users": "users.dat", "items": "movies.dat", "interactions": "ratings.dat"},
)
