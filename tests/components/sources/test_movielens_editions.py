import functools
import pickle
from pathlib import Path

import pytest
from ingested import Ingested, run_ingest
from movielens_layouts import FILES, write_layout
from refusals import refuses
from worlds import records
from worlds.examples import values

from components.sources import SOURCES, open_source
from components.sources.movielens import EDITIONS
from schemas import SIDES, read_spec

NAMES = list(EDITIONS)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def rows(name: str, folder: Path, side: str) -> list:
    return records(open_source(name, str(folder)), side)


# Appended to the files of the layouts, and why each line, or a value of it, is left out.
BROKEN = {
    "movielens-100k": {
        "u.data": ("1\t1\t6\t881250949\n1\t1\n\n1\t9\t3\t881250949\n", [
            "rating '6' is outside the range 1 to 5",
            "the line has 2 fields, expected 4; user_id is missing",
            "item_id 9 is not in the table of items"]),
    },
    "movielens-1m": {
        "users.dat": ("3::M::7::10::1\n4::F::18::21::1\nfive::F::18::1::1\n6::F\n", [
            "age_group '7' is no code of MovieLens-1M; known: 1, 18, 25, 35, 45, 50, 56",
            "occupation '21' is no code of MovieLens-1M; known: 0, 1, 2, ",
            "user_id 'five' is not a whole number",
            "the line has 2 fields, expected 5; user_id is missing"]),
        "ratings.dat": ("1::1::4.5x::978300760\n1:1:4:978300760\n", [
            "rating '4.5x' is not a number",
            "the line has 1 fields, expected 4; user_id is missing"]),
    },
    "movielens-latest-small": {
        "ratings.csv": ("1,1,5.5,964982703\r\n1,1,,964982703\r\n1,1,4.0\r\n1,1,4.0,soon\r\n", [
            "rating '5.5' is outside the range 0.5 to 5", "rating is missing",
            "the line has 3 fields, expected 4; user_id is missing",
            "timestamp 'soon' is no time"]),
        "movies.csv": ('x,Heat (1995),Action\r\n8,"Ran (3000)",Drama\r\n', [
            "item_id 'x' is not a whole number",
            "release_year '3000' is outside the range 1870 to"]),
    },
}


def table(ingested: Ingested, side: str) -> list[dict[str, list]]:
    """Returns a table's rows, texts as such."""
    return [{column: [v.decode() if isinstance(v, bytes) else v for v in cells]
             for column, cells in values(record).items()}
            for split, records in ingested.in_order.items() if split.startswith(side)
            for record in records]


def by_id(ingested: Ingested, side: str) -> dict[int, dict]:
    key = {"users": "user_id", "items": "item_id"}[side]
    return {row[key][0]: row for row in table(ingested, side)}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """Ingests an edition, with broken rows at the end of its files, once."""

    @functools.cache
    def once(name: str) -> Ingested:
        folder = tmp_path_factory.mktemp(name)
        own = write_layout(name, folder)
        for file, (lines, _) in BROKEN[name].items():
            with (own / file).open("ab") as opened:
                opened.write(lines.encode())
        spec = read_spec(SOURCES[name].schema)
        return run_ingest(open_source(name, str(folder)), spec, folder / "out")

    return once


def test_rows_have_the_schemas_columns(name, tmp_path):
    write_layout(name, tmp_path)
    spec, source = read_spec(SOURCES[name].schema), open_source(name, str(tmp_path))
    # TMDB's and IMDb's, which no archive holds.
    content = {"overview", "poster", "synopsis", "credits", "companies", "countries",
               "original_language", "age_rating", "runtime"}
    for side in SIDES:
        declared = {f.name for f in spec.table(side) if not f.derived} - content
        if source.has_table(side):
            assert set().union(*(r.values for r in rows(name, tmp_path, side))) == declared
        else:
            assert declared == {"user_id"} and side == "users"


def test_every_layout_is_ingested(name, ingested):
    films = by_id(ingested(name), "items")
    released = films[1]["release_date" if name == "movielens-100k" else "release_year"]
    assert films[1]["title"] == ["Toy Story (1995)"] and released == [pytest.approx(1995)]
    assert {"Animation", "Comedy"} < set(films[1]["genres"])
    assert {1, 2} <= by_id(ingested(name), "users").keys()
    assert films[1]["item_events"] == [1]
    assert ingested(name).kept("interactions") == 3


def test_viewers(ingested):
    assert by_id(ingested("movielens-100k"), "users")[1] == {
        "user_id": [1], "age": [24], "gender": ["M"], "occupation": ["technician"],
        "zip_code": ["85711"], "user_events": [2]}
    viewers = by_id(ingested("movielens-1m"), "users")  # words for codes
    assert viewers[1] == {
        "user_id": [1], "age_group": ["Under 18"], "gender": ["F"], "occupation": ["K-12 student"],
        "zip_code": ["48067"], "user_events": [2]}
    assert (viewers[2]["age_group"], viewers[2]["occupation"]) == (["56+"], ["self-employed"])
    assert "age_group" not in viewers[3] and viewers[3]["occupation"] == ["K-12 student"]
    assert "occupation" not in viewers[4] and viewers[4]["age_group"] == ["18-24"]
    small = ingested("movielens-latest-small")  # those who rated, in half stars
    assert by_id(small, "users") == {
        1: {"user_id": [1], "user_events": [2]}, 2: {"user_id": [2], "user_events": [1]}}
    events = table(small, "interactions")
    assert sorted(row["rating"][0] for row in events) == [0.5, 3.5, 4.0]
    assert max(row["timestamp"][0] for row in events) == 1445714835


def test_broken_rows_are_quarantined_and_the_others_kept(name, ingested):
    result = ingested(name)
    assert result.counts["interactions"]["kept"] == 3
    own = EDITIONS[name].folder
    for file, (_, reasons) in BROKEN[name].items():
        start = FILES[name][2][file].count("\n")
        message = [f for f in result.faults if f["source"] == f"{own}/{file}"]
        assert len(message) == len(reasons)
        for fault, reason in zip(message, reasons, strict=True):
            assert reason in fault["reason"] and fault["line"] > start
    assert len(result.faults) == sum(len(reasons) for _, reasons in BROKEN[name].values())


def test_titles_and_genres(tmp_path):
    write_layout("movielens-1m", tmp_path)
    _, lost, space = rows("movielens-1m", tmp_path, "items")
    assert lost.values == {
        "item_id": "2", "genres": ["Adventure", "Sci-Fi"], "release_year": "1995",
        "title": "City of Lost Children, The (Cité des enfants perdus, La) (1995)"}
    assert (space.values["title"], space.values["release_year"]) == (
        "2001: A Space Odyssey (1968)", "1968")
    assert (space.source, space.line, space.faults) == ("ml-1m/movies.dat", 3, ())
    write_layout("movielens-latest-small", tmp_path)
    _, lost, cats, note, babylon = (
        r.values for r in rows("movielens-latest-small", tmp_path, "items"))
    assert lost["title"] == "City of Lost Children, The (Cité des enfants perdus, La) (1995)"
    assert (cats["title"], cats["genres"]) == ('"Great Performances" Cats (1998)', ["Musical"])
    assert (note["genres"], note["release_year"]) == ([], "2006")
    assert (babylon["title"], babylon["release_year"]) == ("Babylon 5", None)


def test_a_missing_folder_or_file_is_named_with_the_archive(name, tmp_path):
    edition = EDITIONS[name]
    archive = f"files.grouplens.org/datasets/movielens/{edition.folder}.zip"
    with refuses("no-movielens-folder", "nowhere", edition.title, archive):
        open_source(name, str(tmp_path / "nowhere"))
    own = write_layout(name, tmp_path)
    for file in edition.tables.values():
        content = (own / file).read_bytes()
        (own / file).unlink()
        with refuses("no-movielens-file", f"{own.name}/{file}"):
            open_source(name, str(tmp_path))
        (own / file).write_bytes(content)


@pytest.mark.parametrize("file", ["movies.csv", "ratings.csv"])
def test_a_missing_column_is_named(file, tmp_path):
    own = write_layout("movielens-latest-small", tmp_path)
    text = (own / file).read_text(encoding="utf-8")
    (own / file).write_text(text.replace("movieId", "film"), encoding="utf-8")
    with refuses("movielens-column-missing", file, "movieId", "film"):
        open_source("movielens-latest-small", str(tmp_path))


def test_the_edition_s_own_folder_may_be_given(name, tmp_path):
    own = write_layout(name, tmp_path)
    source = open_source(name, str(own))
    assert source.shards("items") == [EDITIONS[name].tables["items"]]
    assert pickle.loads(pickle.dumps(source)) == source
    assert source.files() == [own / file for file in EDITIONS[name].tables.values()]
    with refuses("unknown-table", "'tags'", "interactions, items"):
        source.shards("tags")
