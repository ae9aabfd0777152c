"""Who made the films of MovieLens-100K, and a sentence on each, as IMDb has them.

    DIR/text/imdb_details.json              optional

IMDb's rating and number of reviews are never read: they are later aggregates of what the model
predicts.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.sources.base import require_inside
from schemas.errors import InputError

_DETAILS = "text/imdb_details.json"
_CAST = 8  # Of a cast in the order of the credits: the leading parts.


@dataclass(frozen=True)
class ImdbContent:
    """What there is of IMDb in a dataset's folder.

    Attributes:
      root: The folder.
    """

    root: Path

    def check(self) -> None:
        """Checks that the details are in the folder.

        Raises:
          InputError: They are elsewhere.
        """
        require_inside(self.root, [self.root / _DETAILS])

    def files(self) -> list[Path]:
        """Returns the details, if they are there."""
        path = self.root / _DETAILS
        return [path] if path.is_file() else []

    def of(self, film: str) -> dict[str, Any]:
        """Returns the content of a film, by its id."""
        return self._films.get(film, {})

    @cached_property
    def _films(self) -> dict[str, dict[str, Any]]:
        if not self.files():
            return {}
        self.check()
        path = self.root / _DETAILS
        try:
            films = json.loads(path.read_text(encoding="utf-8"))
            return {str(film["movie_id"]): _content_of(film) for film in films}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                "bad-imdb-details",
                f"File {path} is not a JSON list of films with movie_id, description, director, "
                f"writer, cast and age_rating ({error}). Replace it, or remove it."
            ) from error


def _content_of(film: dict[str, Any]) -> dict[str, Any]:
    people = [*(film.get("director") or ()), *(film.get("cast") or ())[:_CAST],
              *(film.get("writer") or ())]
    columns = {"synopsis": film.get("description"), "credits": list(dict.fromkeys(people)),
               "age_rating": film.get("age_rating")}
    return {name: value for name, value in columns.items() if value}
