"""With pseudonyms nothing that ingest writes has a raw id of a user, or a personal value."""

import codecs
import errno
import gzip
import json
import os

import pytest
import tensorflow as tf
import typer
from ingested import run_ingest
from markupsafe import escape
from refusals import refuses
from worlds import column, json_source, small_spec

from components.privacy.hiding import MARK, hidden
from components.privacy.options import KEY, Privacy, Pseudonyms
from components.privacy.scan import scan
from pipeline.privacy import command

SECRET = "a secret of thirty bytes or so"
SCRUBBED = b"scrubbed@example.org"
BY_TAG = [b"planted-street", b"planted-handle", b"planted-zip", b"1984-05-17", b"27182818"]
PLANTED = [b"ann-raw-id", b"bob-raw-id", b"eve-raw-id", b"planted@example.org"]
SPEC = small_spec(
    users=column("mail", "BYTES", "pii") + column("phone", "INT", "pii", domain=(0, 99_999_999))
    + column("age", "INT", "numeric") + column("address", "BYTES", "pii:drop")
    + column("handle", "BYTES", "pii:hash") + column("zip", "BYTES", "pii:prefix=2")
    + column("born", "BYTES", "pii:year") + column("income", "INT", "pii:bucket=1000",
                                                   domain=(0, 99_999_999)),
    items=column("title", "BYTES", "text"),
    events=column("stars", "FLOAT", "label:rating", domain=(1, 5)))
TREATED = {"address": "planted-street", "handle": "planted-handle", "zip": "planted-zip",
           "born": "1984-05-17", "income": 27182818}
# Ann has two rows and an event out of range, Bob a telephone that is no number, and Eve, who is in
# no table of users, an event.
ROWS = {
    "users": [{"who": " ann-raw-id", "mail": "planted@example.org", "phone": 31415926, "age": 30,
               **TREATED},
              {"who": "ann-raw-id", "mail": "planted@example.org"},
              {"who": "bob-raw-id", "phone": "31415926x", "income": "27182818x"}],
    "items": [{"what": "tea", "title": "Tea of scrubbed@example.org"},
              {"what": "cup", "title": "Cup"}],
    "interactions": [{"who": "ann-raw-id", "what": "tea", "stars": 4},
                     {"who": "ann-raw-id", "what": "cup", "stars": 9},
                     {"who": "bob-raw-id", "what": "cup", "stars": 2},
                     {"who": "eve-raw-id", "what": "cup", "stars": 2}],
}


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Ingests the shop; returns what was written, and the planted values in it."""
    def write(spec, privacy):
        monkeypatch.setenv(KEY, SECRET)
        out, shop = tmp_path / "out", tmp_path / "shop"
        done = run_ingest(json_source(shop, spec, ROWS), spec, out, "random", privacy)
        wanted = [*PLANTED, *BY_TAG, SCRUBBED]
        hits = scan(out, wanted)
        return done, {wanted[place] for counts in hits.values() for place in counts}

    return write


def test_without_pseudonyms_raw_values_are_found(written):
    """Or the next test could not fail; what a tag treats is raw nowhere, whatever is asked."""
    done, result = written(SPEC, Privacy())
    assert result == {*PLANTED, SCRUBBED}
    first = next(row for row in done.examples["users/Split-all"] if b"ann-raw-id" in row)
    columns = tf.train.Example.FromString(first).features.feature
    assert (columns["zip"].bytes_list.value, columns["born"].bytes_list.value,
            columns["income"].int64_list.value) == ([b"pl"], [b"1984"], [27_182_000])
    assert columns["handle"].bytes_list.value == [Pseudonyms(SECRET.encode()).of(b"planted-handle")]


def test_with_pseudonyms_no_raw_value_is_found(written):
    done, result = written(hidden(SPEC), Privacy(pseudonyms=True, scrub=True))
    assert result == set()
    made = Pseudonyms(SECRET.encode()).of(b"ann-raw-id")
    assert len(done.faults) == 5 and done.kept("users") == 2 and done.kept("interactions") == 2
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


@pytest.mark.parametrize(("value", "written"), [
    ("Zoë", json.dumps("Zoë")), ("O'Brien", escape("O'Brien")), ('a"b', json.dumps('a"b')),
    ("a\\b", r'"a\\b"'), ("R&D", escape("R&D")), ("Zoë", "Zoë")])
def test_the_search_knows_how_json_and_pages_write_a_value(tmp_path, value, written):
    (tmp_path / "report").write_text(f"see {written}, {written}", encoding="utf-8")
    assert scan(tmp_path, [b"nobody", value.encode()]) == {"report": {1: 2}}


def test_a_file_that_cannot_be_unpacked_is_no_file_without_values(tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(bytes(range(256)) * 99)[:-20])
    with refuses("file-not-scanned", "cut.gz"):
        scan(tmp_path, [b"ann@example.org"])


def test_a_folder_that_cannot_be_read_is_no_folder_without_values(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()

    def listed(path, of=os.scandir):
        if "locked" in str(path):  # root may read all
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return of(path)

    monkeypatch.setattr(os, "scandir", listed)
    with refuses("file-not-scanned", "locked", "Permission denied"):
        scan(tmp_path, [b"ann@example.org"])


def test_a_list_of_values_and_names_of_files_may_be_of_any_program(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"of ann")
    (tmp_path / "values.txt").write_bytes(codecs.BOM_UTF8 + b"ann\r\n")  # as Notepad writes it
    with pytest.raises(typer.Exit):
        command.scan(tmp_path / "values.txt", tmp_path / "root")
