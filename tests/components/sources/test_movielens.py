import csv
import json
from pathlib import Path

import pytest
from refusals import refuses
from worlds import records

from components.sources import MovieLensSource
from schemas import SIDES, InputError, read_spec


def film(number: int, title: str, genres: tuple[int, ...] = (), date: str = "01-Jan-1995") -> str:
    flags = "|".join("1" if g in genres else "0" for g in range(19))
    return f"{number}|{title}|{date}||http://x|{flags}\n"


@pytest.fixture
def folder(tmp_path):
    tables = tmp_path / "ml-100k"
    tables.mkdir()
    (tables / "u.user").write_text("1|24|M|writer|85711\n2|53|F|other|94043\n")
    (tables / "u.data").write_text("1\t1\t5\t881250949\n2\t2\tabc\t881250950\n")
    (tables / "u.item").write_text(
        film(1, "Misérables, Les (1995)", (1, 8)) + film(2, "Mask, The (1994)", (0,))
        + film(3, "unknown", date="") + film(4, "Show, The (1995)") + film(5, "Ran (1985)"),
        encoding="latin-1",
    )
    for name in ("posters_w92", "text", "mapping"):
        (tmp_path / name).mkdir()
    for number in (1, 2, 4, 5):
        (tmp_path / f"posters_w92/{number}.jpg").write_bytes(b"jpeg")
    films = [
        {"id": 10, "overview": "Bread.", "vote_average": 8.1, "budget": 5, "runtime": 134,
         "production_companies": [{"name": "Les Films 13"}], "original_language": "fr",
         "production_countries": [{"iso_3166_1": "FR", "name": "France"}]},
        {"id": 20, "overview": "Guns."}, {"id": 40, "overview": "Las Vegas."},
        {"id": 60, "overview": None},
    ]
    (tmp_path / "text/tmdb_features.json").write_text(json.dumps(films))
    details = [{"movie_id": 1, "description": "A thief.", "rating": 7.5, "age_rating": "R",
                "director": ["Claude Lelouch"], "writer": ["Claude Lelouch", "Victor Hugo"],
                "cast": [f"Actor {place}" for place in range(12)]}, {"movie_id": 2}]
    (tmp_path / "text/imdb_details.json").write_text(json.dumps(details))
    (tmp_path / "mapping/links.csv").write_text(
        "movie_id,imdb_id,tmdb_id\n1,tt1,10\n2,tt2,20\n3,tt3,60\n4,tt4,40\n5,tt5,40\n")
    (tmp_path / "mapping/suspect_tmdb_links.csv").write_text(
        "movie_id,ml_title,tmdb_title,tmdb_year,flag\n"
        '2,"Mask, The (1994)",Pulp Fiction,1994,check_same_year sim=0.10.\n'
        '4,"Show, The (1995)",Showgirls,1995,check_same_year sim=0.47\n'
        "1,Misérables,Les Misérables,1995,check_same_year sim=0.40\n"
        "5,Ran (1985),Ran,,tmdb_id_shared\n"
    )
    return tmp_path


def rows(folder: Path, side: str) -> list:
    return records(MovieLensSource(str(folder)), side)


def test_rows_have_the_schemas_columns_and_raw_text(folder):
    spec = read_spec(MovieLensSource(str(folder)).schema)
    for side in SIDES:
        declared = {f.name for f in spec.table(side) if not f.derived}
        assert set().union(*(r.values for r in rows(folder, side))) == declared
    second = rows(folder, "interactions")[1]
    assert second.values["rating"] == "abc"
    assert (second.source, second.line) == ("ml-100k/u.data", 2)


def test_a_film_has_all_content_but_signs_of_later_fame(folder):
    first, mask, unknown_film = rows(folder, "items")[:3]
    assert first.values == {
        "item_id": "1", "title": "Misérables, Les (1995)", "genres": ["Action", "Drama"],
        "release_date": "1995.000", "overview": "Bread.", "poster": folder / "posters_w92/1.jpg",
        "runtime": 134, "companies": ["Les Films 13"], "countries": ["FR"],
        "original_language": "fr", "synopsis": "A thief.", "age_rating": "R",
        "credits": ["Claude Lelouch", *(f"Actor {n}" for n in range(8)), "Victor Hugo"],
    }
    assert mask.values["genres"] == []
    assert unknown_film.values["release_date"] is None
    assert "overview" not in unknown_film.values


@pytest.mark.parametrize(("date", "expected"), [
    ("16-Jul-1997", "1997.540"), ("01-Jan-1998", "1998.000"), ("31-Dec-1997", "1997.997"),
    ("16-Jly-1997", "16-Jly-1997")])
def test_a_date_is_a_year_with_a_fraction(folder, date, expected):
    (folder / "ml-100k/u.item").write_text(film(1, "One", date=date), encoding="latin-1")
    assert rows(folder, "items")[0].values["release_date"] == expected


def test_content_behind_a_doubtful_link_is_left_out_and_told(folder):
    films = {r.values["item_id"]: r for r in rows(folder, "items")}
    for number in ("2", "4"):  # unlike titles; a link that another film has too
        assert not {"poster", "overview"} & films[number].values.keys()
    ((fault, _),) = films["2"].faults
    assert fault == (
        "overview, poster left out: the link to TMDB's 'Pulp Fiction' is in doubt "
        "(check_same_year sim=0.10.)"
    )
    for number in ("1", "5"):  # a foreign title; the film that the shared link is right for
        assert {"poster", "overview"} <= films[number].values.keys()
        assert films[number].faults == ()


def test_files_are_tables_content_and_posters_and_a_missing_one_is_named(folder):
    files = MovieLensSource(str(folder)).files()
    assert len(files) == 3 + 4 + 4 and all(path.is_file() for path in files)
    (folder / "mapping/links.csv").unlink()
    with refuses("no-tmdb-links", "links.csv"):
        MovieLensSource(str(folder))
    (folder / "ml-100k/u.item").unlink()
    with refuses("no-movielens-file", "u.item"):
        MovieLensSource(str(folder))


@pytest.mark.parametrize(("file", "text", "message"), [
    ("text/tmdb_features.json", "{", "tmdb_features.json is not a JSON list of TMDB films"),
    ("text/imdb_details.json", '[{"title": "no id"}]', "is not a JSON list of films with movie_id"),
    ("mapping/links.csv", "movie,tmdb\n1,2\n", "links.csv has no column movie_id, tmdb_id"),
    ("mapping/links.csv", "movie_id,tmdb_id\n1,2\n3\n",
     "links.csv line 3: the line has 1 fields, expected 2"),
])
def test_malformed_plots_and_links_are_named(folder, file, text, message):
    (folder / file).write_text(text)
    with pytest.raises(InputError, match=message):
        rows(folder, "items")


def test_the_real_dataset(movielens_dir):
    assert [len(rows(movielens_dir, side)) for side in SIDES] == [943, 1682, 100_000]
    films = {r.values["item_id"]: r for r in rows(movielens_dir, "items")}
    assert all("genres" in f.values for f in films.values())
    with (movielens_dir / "mapping/suspect_tmdb_links.csv").open(encoding="utf-8") as lines:
        suspects = [r["movie_id"] for r in csv.DictReader(lines) if r["flag"].startswith("suspect")]
    for number in [*suspects, "72"]:
        assert not {"poster", "overview"} & films[number].values.keys()
    assert {"poster", "overview"} <= films["56"].values.keys()
    assert sum("poster" in f.values for f in films.values()) == 1641
