import time

import pytest
from refusals import refuses
from worlds import column, small_spec

from components.privacy.hiding import Scrubber, scrubbed
from components.privacy.options import Privacy
from components.sources.base import Fault, Record
from pipeline.validation import validated

SPEC = small_spec(items=column("title", "BYTES", "text")
                  + column("notes", "BYTES", "text", rest="value_count { max: 3 }")
                  + column("kind", "BYTES", "categorical"))


@pytest.mark.parametrize(("text", "left"), [
    ("Ann.Lee+shop@mail.example.org, thanks", "(email), thanks"),
    ("müller@bücher.example!", "(email)!"),
    ("Card 4111 1111 1111 1111, cvv 123", "Card (card), cvv 123"),
    ("5500-0000-0000-0004", "(card)"), ("378282246310005.", "(card)."),
    ("Call +49 30 901820 or +1 (212) 555-2368", "Call (telephone) or (telephone)"),
    ("a@example.org 4111111111111111 +44 20 7946 0018", "(email) (card) (telephone)"),
])
def test_what_is_personal_leaves_a_mark(text, left):
    assert scrubbed(text) == left


@pytest.mark.parametrize("text", [
    "", "@", "a @ b", "user@", "@example.org", "3 for 2 @ 9.99 each", "4111 1111 1111 1112",
    "ISBN 978-3-16-148410-0", "2024-05-01 12:00:00", "order 1234567", "12345678901234567890123",
    "Born 17.05.1984, size 42, 1 000 000 sold", "café ☎ none"])
def test_what_is_not_personal_stays(text):
    assert scrubbed(text) == text


def test_a_number_without_a_country_needs_a_region():
    text = "Ruf an: 030 901820"
    assert scrubbed(text) == text and scrubbed(text, "DE") == "Ruf an: (telephone)"


@pytest.mark.parametrize("text", ["a" * 200_000 + "@", "a@" * 100_000, "1-" * 50_000,
                                  "+1 " * 50_000, "a.a@a" + ".a" * 100_000])
def test_no_text_takes_long(text):
    started = time.process_time()
    scrubbed(text)
    assert time.process_time() - started < 5


def test_texts_alone_are_scrubbed_and_counted():
    record = Record({"title": "a@example.org", "notes": ["x", b"b@example.org"],
                     "kind": "c@example.org"}, "f", 1,
                    (Fault("notes: what is d@example.org", "notes"),))
    changed, names = Scrubber(SPEC, "items", Privacy(scrub=True)).scrub(record)
    assert changed.values == {"title": "(email)", "notes": ["x", b"(email)"],
                              "kind": "c@example.org"}
    assert changed.faults == (Fault("notes: what is (email)", "notes"),)
    assert names == ["title", "notes"]
    assert Scrubber(SPEC, "items", Privacy()).scrub(record) == (record, [])


def test_a_region_that_is_none_is_refused():
    with refuses("bad-configuration", "telephone_region", "Bavaria"):
        validated(Privacy, {"telephone_region": "Bavaria"}, "the configuration")
