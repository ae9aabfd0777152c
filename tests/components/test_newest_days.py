"""What is newer than the last run is held against the days before it, and its span against its."""

import json
from datetime import date, timedelta

import pytest
from profiled import DAY, SPEC, START, Shop, assert_found, findings

from schemas import parse_spec

_DAYS = 80  # of the shop; the last run has all but ten


def _until(last: int) -> Shop:
    shop = Shop()
    shop.events = [row for row in shop.events if (row["when"] - START) // DAY < last]
    return shop


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    return _until(_DAYS - 10).profile(tmp_path_factory.mktemp("past") / "past")


def _newest(change):
    """Returns the shop with other events in the ten days that the past does not have."""
    shop = Shop()
    new = [row for row in shop.events if (row["when"] - START) // DAY >= _DAYS - 10]
    shop.events = [row for row in shop.events if row not in new] + change(new)
    return shop


@pytest.mark.parametrize(("change", "expected"), [
    (lambda new: new[::10], "fewer_new_events interactions when FAIL"),
    (lambda new: new[::2], "fewer_new_events interactions when WARN"),
    (lambda new: [row | {"stars": 1.0} for row in new], "new_labels interactions stars FAIL"),
    (lambda new: [row | {"stars": max(1.0, row["stars"] - 1)} for row in new],
     "new_labels interactions stars WARN"),
    (lambda new: [row | {"when": row["when"] + 9 * 3600 - 24 * 3600} for row in new],
     "new_hours interactions when FAIL"),
    (lambda new: [row | {"when": row["when"] + n} for row in new for n in range(0, 5_000, 1_000)],
     "more_new_events interactions when WARN"),
    (lambda new: [row | {"review": None} for row in new],
     "new_missing interactions review WARN"),
], ids=["a tenth", "a half", "the lowest label", "lower labels", "another time zone",
        "five times", "no reviews"])
def test_a_fault_of_the_newest_days_is_found(past, tmp_path, change, expected):
    assert_found(findings(_newest(change).profile(tmp_path / "today"), past), expected)


@pytest.mark.parametrize("days", [1, 2, 10, 14])
def test_clean_new_days_raise_no_alarm(tmp_path, days):
    then = _until(_DAYS - days).profile(tmp_path / "past")
    assert findings(Shop().profile(tmp_path / "today"), then) == {}


def test_a_day_that_has_only_begun_is_not_held_against_whole_ones(tmp_path):
    then = _until(_DAYS - 1).profile(tmp_path / "past")
    shop = Shop()
    shop.events = [row for row in shop.events
                   if row["when"] < START + (_DAYS - 1) * DAY + 10 * 3600]
    assert findings(shop.profile(tmp_path / "today"), then) == {}


def test_a_flag_that_varies_no_more_is_a_fault_however_rare_it_was(tmp_path):
    texts = [text.replace('"label:rating"', '"label:like>=5"') for text in SPEC.texts]
    shop = _newest(lambda new: [row | {"stars": 4.0} for row in new])
    profiles = [one.profile(tmp_path / name) for name, one in
                (("today", shop), ("past", _until(_DAYS - 10)))]
    for profile in profiles:
        profile["events"]["labels"] = {"like": _rare(profile["events"]["days"])}
    today, then = profiles
    for day in sorted(today["events"]["labels"]["like"])[-10:]:
        today["events"]["labels"]["like"][day][1] = 0
    result = findings(today, then, spec=parse_spec("s", texts))
    assert result["new_labels", "interactions", "stars"] == "FAIL"


def _rare(days: dict[str, int]) -> dict[str, list[float]]:
    return {day: [count, 1] for day, count in days.items()}


def test_a_span_that_came_again_stops_the_run_and_the_same_span_again_does_not(past):
    then = past | {"span": "2023-11-20"}
    again = json.loads(json.dumps(past))
    assert findings(again | {"span": "2023-11-20"}, then) == {}
    assert findings(again | {"span": "2023-11-21"}, then)[
        "repeated_span", "interactions", ""] == "FAIL"
    assert findings(again, past) == {}, "these data have no spans"


def test_events_that_are_further_behind_their_span_than_before_are_a_warning(past, tmp_path):
    today = Shop().profile(tmp_path / "today")
    last = START // DAY + _DAYS - 1
    then = past | {"span": _day(last - 10)}
    assert findings(today | {"span": _day(last)}, then) == {}
    assert findings(today | {"span": _day(last + 1)}, then) == {
        ("late_span", "interactions", "when"): "WARN"}


def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()
