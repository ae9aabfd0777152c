"""Posters and facts of TMDB beside MovieLens-100K, where the link to TMDB is sound.

    DIR/posters_w92/<movie id>.jpg          optional
    DIR/text/tmdb_features.json             optional, with DIR/mapping/links.csv
    DIR/mapping/suspect_tmdb_links.csv      optional: links to TMDB that are in doubt

TMDB's vote averages, vote counts and popularity are never read: they are later aggregates of
what the model predicts. Nor are budget and revenue: that they are filled in is a
sign of later fame.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.sources.base import Fault, require_inside
from components.sources.files.delimited import csv_columns, csv_rows
from components.sources.files.text import Layout
from components.sources.files.values import ValueFault, media_path
from schemas.errors import InputError

_POSTERS, _PLOTS = "posters_w92", "text/tmdb_features.json"
_LINKS, _SUSPECTS = "mapping/links.csv", "mapping/suspect_tmdb_links.csv"
# A link to a film of the same year is mostly a foreign title; below this likeness of the titles
# it is mostly another film.
_LEAST_SIMILARITY = 0.2


@dataclass(frozen=True)
class TmdbContent:
    """What there is of TMDB in a dataset's folder.

    Attributes:
      root: The folder.
    """

    root: Path

    def check(self) -> None:
        """Checks that what is there can be joined.

        Raises:
          InputError: Plots or doubts are there, and the links are not; or one is elsewhere.
        """
        require_inside(self.root, [self.root / name for name in (_PLOTS, _LINKS, _SUSPECTS,
                                                              _POSTERS)])
        linked = [name for name in (_PLOTS, _SUSPECTS) if (self.root / name).is_file()]
        if linked and not (self.root / _LINKS).is_file():
            raise InputError(
                "no-tmdb-links",
                f"File {self.root / _LINKS} is missing. It says which film is which in "
                f"{linked[0]} (columns movie_id, tmdb_id). Add it, or remove {linked[0]}."
            )

    def files(self) -> list[Path]:
        """Returns the plots, links and posters that are there."""
        tables = [self.root / name for name in (_PLOTS, _LINKS, _SUSPECTS)]
        posters = sorted((self.root / _POSTERS).glob("*.jpg"))
        return [path for path in tables if path.is_file()] + posters

    def of(self, film: str) -> tuple[dict[str, Any], tuple[Fault, ...]]:
        """Returns the content of a film, by its id, or why it is left out."""
        content: dict[str, Any] = {}
        content |= self._facts.get(film, {})
        poster = self.root / _POSTERS / f"{film}.jpg"
        left_out: tuple[Fault, ...] = ()
        if film.isdigit() and poster.is_file():
            try:
                content["poster"] = media_path(self.root.resolve(), f"{_POSTERS}/{poster.name}")
            except ValueFault as fault:
                left_out = (Fault(f"poster: {fault}", "poster"),)
        if content and film in self._doubts:
            # Of no column: what is in doubt is not lost.
            return {}, (Fault(f"{', '.join(content)} left out: {self._doubts[film]}"),)
        return content, left_out

    @cached_property
    def _facts(self) -> dict[str, dict[str, Any]]:
        """Returns what TMDB says of films, by film id."""
        if not (self.root / _PLOTS).is_file():
            return {}
        try:
            films = json.loads((self.root / _PLOTS).read_text(encoding="utf-8"))
            facts = {str(film["id"]): _facts_of(film) for film in films}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                "bad-tmdb-plots",
                f"File {self.root / _PLOTS} is not a JSON list of TMDB films with id and overview "
                f"({error}). Replace it, or remove it to go without plots."
            ) from error
        links = self._rows(_LINKS, ("movie_id", "tmdb_id"))
        return {film: facts[tmdb] for film, tmdb in links if tmdb in facts}

    @cached_property
    def _doubts(self) -> dict[str, str]:
        """Returns why a film's TMDB content is not used, by film id."""
        if not (self.root / _SUSPECTS).is_file():
            return {}
        links = {film: tmdb for film, tmdb in self._rows(_LINKS, ("movie_id", "tmdb_id"))}
        uses = Counter(links.values())
        doubts = {}
        for film, title, flag in self._rows(_SUSPECTS, ("movie_id", "tmdb_title", "flag")):
            similarity = re.search(r"sim=(\d*\.?\d+)", flag)
            unlike = similarity is not None and float(similarity[1]) < _LEAST_SIMILARITY
            shared = uses[links.get(film, "")] > 1
            another = flag.startswith("check_same_year") and (unlike or shared)
            if flag.startswith(("suspect", "no_tmdb")) or another:
                doubts[film] = f"the link to TMDB's {title!r} is in doubt ({flag})"
        return doubts

    def _rows(self, name: str, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
        path, layout = self.root / name, Layout()
        header = csv_columns(path, layout)
        missing = [column for column in columns if column not in header]
        if missing:
            raise InputError("tmdb-column-missing",
                             f"File {path} has no column {', '.join(missing)}; expected "
                             f"{', '.join(columns)}. Correct its first line.")
        rows = []
        for line, row, faults in csv_rows(path, layout):
            if faults:
                raise InputError("bad-tmdb-line",
                                 f"File {path} line {line}: {faults[0].reason}. Correct it: it "
                                 "says which film is which.")
            rows.append(tuple(row[column] for column in columns))
        return rows


def _facts_of(film: dict[str, Any]) -> dict[str, Any]:
    """Returns the columns of the schema that a film of TMDB has a value of."""
    columns = {
        "overview": film.get("overview"),
        "runtime": film.get("runtime"),
        "companies": [one["name"] for one in film.get("production_companies") or ()],
        "countries": [one["iso_3166_1"] for one in film.get("production_countries") or ()],
        "original_language": film.get("original_language"),
    }
    return {name: value for name, value in columns.items() if value}
