import pytest
from refusals import refuses
from worlds import column, id_columns, small_spec

from schemas import parse_spec
from schemas.tags import treatment_of, written_forms

USERS, ITEMS = id_columns()


def spec_of(kind: str, *tags: str, **more):
    return small_spec(users=column("c", kind, *tags, **more))


def pseudonym(value):
    return b"hash of " + value if isinstance(value, bytes) else -value


@pytest.mark.parametrize(("tag", "value", "kept"), [
    ("pii:drop", b"x", None), ("pii:hash", b"x", b"hash of x"), ("pii:hash", 7, -7),
    ("pii:prefix=3", b"81667", b"816"), ("pii:prefix=2", "Übung".encode(), "Üb".encode()),
    ("pii:prefix=9", b"81", b"81"), ("pii:bucket=10", 34, 30), ("pii:bucket=10", -1, -10),
    ("pii:bucket=5", 7.5, 5.0), ("pii:month", b"1984-05-17", b"1984-05"),
    ("pii:month", b"1984-05-17T10:00:00+02:00", b"1984-05"), ("pii:year", b"19840517", b"1984"),
    ("pii:year", b"1984/5/17", b"1984"), ("pii:year", b"who knows", None),
    ("pii:year", b"\xff", None),
])
def test_what_is_kept_of_a_value(tag, value, kept):
    treatment = treatment_of(tag)
    result = treatment.of(value, pseudonym)
    assert (result, type(result)) == (kept, type(kept)) and treatment.tag == tag


@pytest.mark.parametrize("tag", ["pii:", "pii:shred", "pii:prefix", "pii:prefix=0", "pii:prefix=-1",
                                 "pii:drop=1", "pii:month=2", "pii:bucket=1.5", "pii:hash "])
def test_an_unknown_treatment_is_refused_with_those_that_there_are(tag):
    with refuses("bad-pii-tag", *written_forms()):
        spec_of("BYTES", tag)


@pytest.mark.parametrize(("kind", "tags"), [
    ("INT", ["pii:prefix=2"]), ("BYTES", ["pii:bucket=2"]), ("FLOAT", ["pii:hash"]),
    ("INT", ["pii:year"]), ("BYTES", ["pii:hash", "image"]), ("INT", ["events", "pii:drop"]),
])
def test_a_column_that_a_treatment_is_not_for(kind, tags):
    with refuses("treatment-misplaced", "'c'"):
        spec_of(kind, *tags)


def test_treatments_of_ids_labels_and_two_of_one_column_are_refused():
    with refuses("treatment-misplaced"):
        parse_spec("ids", [column("who", "BYTES", "user_id", "pii:hash"), "", USERS + ITEMS])
    with refuses("label-misplaced", "personal data"):
        spec_of("INT", "pii:bucket=10", "label:age")
    with refuses("contradicting-tags"):
        spec_of("BYTES", "pii:hash", "pii:prefix=2")


def test_what_is_generalised_is_an_input_and_what_is_dropped_is_none():
    kept = spec_of("BYTES", "pii:prefix=2", "categorical")
    assert [f.name for f in kept.inputs("users")] == ["c"] and kept.table("users")[1].masked
    assert not spec_of("BYTES", "pii:drop", "categorical").inputs("users")
    assert not spec_of("BYTES", "pii", "pii:prefix=2", "categorical").inputs("users")


def test_the_data_are_held_against_no_domain_of_raw_values():
    (_, kept), (_, dropped) = (
        spec_of("INT", tag, domain=(13, 110), rest="presence { min_fraction: 1 }")
        .expectations("users").split("feature {")[1:]
        for tag in ("pii:bucket=10", "pii:drop"))
    assert "min_fraction" in kept and "domain" not in kept
    assert "min_fraction" not in dropped and "domain" not in dropped
