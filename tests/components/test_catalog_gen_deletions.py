from decimal import Decimal

import pytest
from ingested import run_ingest
from refusals import refuses
from worlds import column, json_source, small_spec

from components.catalog_gen.component import fingerprint
from components.catalog_gen.deletions import Deletions, read_deletions
from components.privacy.options import Privacy
from components.privacy.scan import scan
from components.quarantine import notes

SPEC = small_spec(users=column("age", "INT", "numeric", domain=(13, 110)))
ROWS = {
    "users": [{"who": " Ann-raw\u200b", "age": 30}, {"who": "bob", "age": 7}, {"who": "eve"},
              {"who": "Ann-raw", "age": 7}],
    "items": [{"what": "tea"}, {"what": "cup"}],
    "interactions": [{"who": "Ann-raw", "what": "tea"}, {"who": "Ann-raw", "what": "none"},
                     {"who": "bob", "what": "cup"}, {"who": "eve", "what": "tea"}],
}


@pytest.fixture
def source(tmp_path):
    return json_source(tmp_path / "shop", SPEC, ROWS)


def test_a_listed_user_is_nowhere(tmp_path, source):
    listed = tmp_path / "listed"
    listed.write_text("Ann-raw\n\n nobody \n", encoding="utf-8")
    before = run_ingest(source, SPEC, tmp_path / "before", "random")
    after = run_ingest(source, SPEC, tmp_path / "after", "random", Privacy(deletion_list=listed))
    assert scan(tmp_path / "before", [b"Ann-raw"]) and not scan(tmp_path / "after", [b"Ann-raw"])
    assert (before.kept("users"), after.kept("users")) == (3, 2)
    assert after.counts["users"] == {"read": 2, "kept": 2, "quarantined": 0}
    assert after.counts["interactions"] == {"read": 2, "kept": 2, "quarantined": 0}
    assert [fault["line"] for fault in after.faults] == [2], "none of hers"
    assert after.counts["deleted"] == {"listed": 2, "found": 1, "users": 2, "interactions": 2}
    assert "deleted" not in before.counts and len(notes(after.counts)) == 1


def test_lines_that_are_the_id_of_nobody_are_told(tmp_path, source):
    listed = tmp_path / "listed"
    listed.write_text('"eve"\nbob,\n# a remark\neve\n', encoding="utf-8")
    result = run_ingest(source, SPEC, tmp_path / "after", "random", Privacy(deletion_list=listed))
    assert result.counts["deleted"] == {"listed": 4, "found": 1, "users": 1, "interactions": 1}
    note = notes(result.counts)[0]
    assert "4 lines" in note and "3 are" in note and "bob" not in note
    listed.write_text("eve\n", encoding="utf-8")
    whole = run_ingest(source, SPEC, tmp_path / "other", "random", Privacy(deletion_list=listed))
    assert note not in notes(whole.counts) and len(notes(whole.counts)) < len(notes(result.counts))


@pytest.mark.parametrize("given", [12, "12", "12.0", 12.0, b"12", ["12"], " 12 "])
def test_an_id_is_listed_in_any_form(given):
    deletions = Deletions(SPEC, "users", frozenset({"12"}))
    assert {"who": given} in deletions and {"who": "13"} not in deletions and {} not in deletions
    assert {"who": given} not in Deletions(SPEC, "items", frozenset({"12"}))


@pytest.mark.parametrize(("given", "listed"), [
    (Decimal("12.00"), "12"), ("12.00", "12"), (b"12.000", "12"), (12, "12.00"),
    (1e16, "10000000000000000")])
def test_a_number_is_listed_as_ingest_reads_it(given, listed):
    spec = small_spec(user="INT who")
    deletions = Deletions(spec, "users", frozenset({listed}))
    assert {"who": given} in deletions
    assert all({"who": other} not in deletions for other in (13, "x", None, Decimal("nan"), 12.5))


def test_the_list_is_a_part_of_the_cache_key(source):
    assert fingerprint(source) != fingerprint(source, {"ann"}) != fingerprint(source, {"bob"})


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_list_that_cannot_be_read_is_refused(tmp_path, content):
    if content:
        (tmp_path / "listed").write_bytes(content)
    with refuses("unreadable-deletion-list", "privacy.deletion_list"):
        read_deletions(tmp_path / "listed")
