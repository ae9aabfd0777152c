import json

import pytest
from refusals import refuses
from worlds import column, own_source, small_spec

from components.sources.movielens.imdb import ImdbContent
from components.sources.movielens.tmdb import TmdbContent

SPEC = small_spec(items=column("photo", "BYTES", "image"))


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"secret")
    (folder / "1.jpg").write_bytes(b"secret")
    (folder / "details.json").write_text(json.dumps([{"movie_id": 1, "description": "secret"}]))
    return folder


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "items.csv").write_text("what,photo\ntea,a.png\n")
    (folder / "events.csv").write_text("who,what\nann,tea\n")
    return folder


def _open(data, media_dir):
    return own_source(data, "csv", SPEC, interactions={"files": "events.csv"},
                      items={"files": "items.csv"}, media_dir=media_dir)


def test_a_folder_of_media_is_no_link_that_leads_out(data, outside):
    (data / "pictures").symlink_to(outside)
    with refuses("table-outside", "pictures"):
        _open(data, "pictures")


def test_a_link_within_the_folder_is_followed(data):
    (data / "real").mkdir()
    (data / "real" / "a.png").write_bytes(b"x")
    (data / "pictures").symlink_to(data / "real")
    (record,) = _open(data, "pictures").records("items", "items.csv")
    assert record.values["photo"] == (data / "real" / "a.png").resolve()


def test_the_details_of_imdb_are_no_link_that_leads_out(data, outside):
    (data / "text").mkdir()
    (data / "text" / "imdb_details.json").symlink_to(outside / "details.json")
    for ask in (ImdbContent(data).check, lambda: ImdbContent(data).of("1")):
        with refuses("table-outside", "imdb_details.json"):
            ask()


def test_the_posters_of_tmdb_are_no_link_that_leads_out(data, outside):
    (data / "posters_w92").symlink_to(outside)
    with refuses("table-outside", "posters_w92"):
        TmdbContent(data).check()
    values, faults = TmdbContent(data).of("1")
    assert values == {} and len(faults) == 1
