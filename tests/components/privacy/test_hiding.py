"""With pseudonyms nothing that ingest writes has a raw id of a user, or a personal value."""

import gzip

import pytest
import tensorflow as tf
from ingested import run_ingest
from worlds import column, json_lines, own_source, small_spec

from components.privacy.hiding import MARK, hidden
from components.privacy.pseudonyms import KEY, Pseudonyms
from components.privacy.scan import scan

SECRET = "a secret of thirty bytes or so"
PLANTED = [b"ann-raw-id", b"bob-raw-id", b"eve-raw-id", b"planted@example.org"]
SPEC = small_spec(
    users=column("mail", "BYTES", "pii") + column("phone", "INT", "pii", domain=(0, 99_999_999))
    + column("age", "INT", "numeric"),
    items=column("title", "BYTES", "text"),
    events=column("stars", "FLOAT", "label:rating", domain=(1, 5)))
# Ann has two rows and an event out of range, Bob a telephone that is no number, and Eve, who is in
# no table of users, an event.
ROWS = {
    "users": [{"who": " ann-raw-id", "mail": "planted@example.org", "phone": 31415926, "age": 30},
              {"who": "ann-raw-id", "mail": "planted@example.org"},
              {"who": "bob-raw-id", "phone": "31415926x"}],
    "items": [{"what": "tea", "title": "Tea"}, {"what": "cup", "title": "Cup"}],
    "interactions": [{"who": "ann-raw-id", "what": "tea", "stars": 4},
                     {"who": "ann-raw-id", "what": "cup", "stars": 9},
                     {"who": "bob-raw-id", "what": "cup", "stars": 2},
                     {"who": "eve-raw-id", "what": "cup", "stars": 2}],
}


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Ingests the shop; returns what was written, and the planted values in it."""
    def write(spec, pseudonymous):
        monkeypatch.setenv(KEY, SECRET)
        out, shop = tmp_path / "out", tmp_path / "shop"
        for side, rows in ROWS.items():
            json_lines(shop / f"{side}.jsonl", rows)
        source = own_source(shop, "jsonl", spec, **{
            side: {"files": f"{side}.jsonl"} for side in ROWS})
        done = run_ingest(source, spec, out, "random", pseudonymous)
        hits = scan(out, PLANTED)
        return done, {PLANTED[place] for counts in hits.values() for place in counts}

    return write


def test_without_pseudonyms_raw_values_are_found(written):
    """Or the next test could not fail."""
    _, found = written(SPEC, False)
    assert found == set(PLANTED)


def test_with_pseudonyms_no_raw_value_is_found(written):
    done, found = written(hidden(SPEC), True)
    assert found == set()
    made = Pseudonyms(SECRET.encode()).of(b"ann-raw-id")
    assert len(done.faults) == 4 and done.kept("users") == 2 and done.kept("interactions") == 2
    first = next(row for row in done.examples["users/Split-all"] if made in row)
    columns = tf.train.Example.FromString(first).features.feature
    assert columns["mail"].bytes_list.value == [MARK] and not columns["phone"].int64_list.value
    assert any(made in row for split, rows in done.examples.items()
                                 if split.startswith("interactions") for row in rows)


def test_the_search_looks_into_compressed_files_and_over_the_borders_of_blocks(
        tmp_path, monkeypatch):
    monkeypatch.setattr("components.privacy.scan._BLOCK", 8)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "rows.gz").write_bytes(gzip.compress(b"12345planted7890, planted"))
    (tmp_path / "of-planted").write_bytes(b"nothing")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw").write_bytes(b"planted")
    assert scan(tmp_path, [b"other", b"planted"], ("data",)) == {
        "deep/rows.gz": {1: 2}, "of-planted": {1: 1}}
