"""MovieLens-100K in GroupLens' own files, with TMDB posters and plots where they are at hand.

    DIR/ml-100k/u.data, u.item, u.user      needed (or directly in DIR)
    DIR/posters_w92/<movie id>.jpg          optional
    DIR/text/tmdb_features.json             optional, with DIR/mapping/links.csv
    DIR/mapping/suspect_tmdb_links.csv      optional: links to TMDB that are in doubt

TMDB's vote averages, vote counts and popularity are never read: they are later aggregates of
what the model predicts.

Source: F. M. Harper and J. A. Konstan, "The MovieLens Datasets", ACM TiiS 5(4), 2015.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.sources.base import Record
from schemas.errors import InputError, unknown

_TABLES = {"users": "u.user", "items": "u.item", "interactions": "u.data"}
_USER_FIELDS = ("user_id", "age", "gender", "occupation", "zip_code")
_EVENT_FIELDS = ("user_id", "item_id", "rating", "timestamp")
_ITEM_FIELDS = ("item_id", "title", "release_date", "video_release_date", "imdb_url")
# The order of the flags in u.item, as u.genre gives it; the first, "unknown", is no genre.
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)
_POSTERS, _PLOTS = "posters_w92", "text/tmdb_features.json"
_LINKS, _SUSPECTS = "mapping/links.csv", "mapping/suspect_tmdb_links.csv"
# A link to a film of the same year is mostly a foreign title; below this likeness of the titles
# it is mostly another film.
_LEAST_SIMILARITY = 0.2


@dataclass(frozen=True)
class MovieLensSource:
    """MovieLens-100K in a folder.

    Attributes:
      data_dir: The folder that holds `ml-100k`, or the contents of `ml-100k`.

    Raises:
      InputError: The folder or a needed file is missing.
    """

    data_dir: str

    schema = "movielens"

    def __post_init__(self) -> None:
        if not self._root.is_dir():
            raise InputError(
                f"Folder {self._root} is missing. MovieLens-100K is read from a folder that holds "
                "ml-100k, unpacked from files.grouplens.org/datasets/movielens/ml-100k.zip."
            )
        for name in _TABLES.values():
            if not (self._root / self._folder / name).is_file():
                raise InputError(
                    f"File {self._root / self._folder / name} is missing. A MovieLens-100K folder "
                    f"holds {', '.join(_TABLES.values())} (or ml-100k with them). Unpack "
                    "files.grouplens.org/datasets/movielens/ml-100k.zip there."
                )
        linked = [name for name in (_PLOTS, _SUSPECTS) if (self._root / name).is_file()]
        if linked and not (self._root / _LINKS).is_file():
            raise InputError(
                f"File {self._root / _LINKS} is missing. It tells which film is which in "
                f"{linked[0]} (columns movie_id, tmdb_id). Add it, or remove {linked[0]}."
            )

    @property
    def _root(self) -> Path:
        return Path(self.data_dir)

    @property
    def _folder(self) -> str:
        return "ml-100k" if (self._root / "ml-100k").is_dir() else ""

    def has_table(self, side: str) -> bool:
        """Tells that all three tables are there."""
        return True

    def files(self) -> list[Path]:
        """Returns the three tables, and the posters, plots and links that are there."""
        tables = [self._root / self._folder / name for name in _TABLES.values()]
        extra = [self._root / name for name in (_PLOTS, _LINKS, _SUSPECTS)]
        posters = sorted((self._root / _POSTERS).glob("*.jpg"))
        return tables + [path for path in extra if path.is_file()] + posters

    def shards(self, side: str) -> list[str]:
        """Returns the one file of a table, relative to the dataset's folder."""
        if side not in _TABLES:
            raise unknown("table", side, _TABLES)
        return [(Path(self._folder) / _TABLES[side]).as_posix()]

    def records(self, side: str, shard: str) -> Iterator[Record]:
        """Yields the rows of a table; numbers stay text, which ingest converts and checks."""
        if side == "interactions":
            yield from self._table(shard, "\t", _EVENT_FIELDS)
        elif side == "users":
            yield from self._table(shard, "|", _USER_FIELDS)
        elif side == "items":
            plots, doubts = self._plots(), self._doubts()
            for record in self._table(shard, "|", _ITEM_FIELDS + _GENRES):
                yield self._film(record, plots, doubts) if record.values else record
        else:
            raise unknown("table", side, _TABLES)

    def _table(self, shard: str, separator: str, fields: tuple[str, ...]) -> Iterator[Record]:
        with (self._root / shard).open(encoding="latin-1", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                parts = line.rstrip("\r\n").split(separator)
                if len(parts) == len(fields):
                    values = {k: v.strip() or None for k, v in zip(fields, parts, strict=True)}
                    yield Record(values, shard, number)
                elif line.strip():
                    fault = f"the line has {len(parts)} fields, expected {len(fields)}"
                    yield Record({}, shard, number, (fault,))

    def _film(self, record: Record, plots: dict[str, str], doubts: dict[str, str]) -> Record:
        read = record.values
        film = read["item_id"] or ""
        values = {
            "item_id": read["item_id"],
            "title": read["title"],
            "genres": [genre for genre in _GENRES[1:] if read[genre] == "1"],
            "release_year": (read["release_date"] or "").rpartition("-")[2] or None,
        }
        content: dict[str, str | Path] = {"overview": plots[film]} if film in plots else {}
        poster = self._root / _POSTERS / f"{film}.jpg"
        if film.isdigit() and poster.is_file():
            content["poster"] = poster
        if content and film in doubts:
            fault = f"{' and '.join(content)} left out: {doubts[film]}"
            return Record(values, record.source, record.line, (fault,))
        return Record(values | content, record.source, record.line)

    def _plots(self) -> dict[str, str]:
        if not (self._root / _PLOTS).is_file():
            return {}
        try:
            films = json.loads((self._root / _PLOTS).read_text(encoding="utf-8"))
            overviews = {str(film["id"]): film.get("overview") for film in films}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"File {self._root / _PLOTS} is not a JSON list of TMDB films with id and overview "
                f"({error}). Replace it, or remove it to go without plots."
            ) from error
        links = self._rows(_LINKS, ("movie_id", "tmdb_id"))
        return {film: text for film, tmdb in links if (text := overviews.get(tmdb))}

    def _doubts(self) -> dict[str, str]:
        """Returns why a film's TMDB content is not used, by film id."""
        if not (self._root / _SUSPECTS).is_file():
            return {}
        links = {film: tmdb for film, tmdb in self._rows(_LINKS, ("movie_id", "tmdb_id"))}
        uses = Counter(links.values())
        doubts = {}
        for film, title, flag in self._rows(_SUSPECTS, ("movie_id", "tmdb_title", "flag")):
            similarity = re.search(r"sim=([\d.]+)", flag)
            unlike = similarity is not None and float(similarity[1]) < _LEAST_SIMILARITY
            shared = uses[links.get(film, "")] > 1
            another = flag.startswith("check_same_year") and (unlike or shared)
            if flag.startswith(("suspect", "no_tmdb")) or another:
                doubts[film] = f"the link to TMDB's {title!r} is in doubt ({flag})"
        return doubts

    def _rows(self, name: str, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
        with (self._root / name).open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"File {self._root / name} has no column {', '.join(missing)}; expected "
                    f"{', '.join(columns)}. Correct its first line."
                )
            return [tuple(row[c] or "" for c in columns) for row in reader]
