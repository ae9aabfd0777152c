import itertools

import numpy as np
import pytest
from profiled import SPEC, Shop, change, spoiled

from components.data_checks import Data, judge
from components.data_checks.examples import Example, examples
from components.data_profile.bars import bars
from components.data_validator.drift import distributions


@pytest.mark.parametrize("values", [[1, 5, 5, 3], [0, 1, 1], [1.5, 2, 4.5], [7]])
def test_a_scale_of_few_places_has_a_bar_around_each_value(values):
    result = bars(np.array(values, np.float64))
    assert {bar["value"]: bar["count"] for bar in result} == {
        value: values.count(value) for value in values}
    assert all(bar["low"] < bar["value"] < bar["high"] for bar in result)
    assert all(one["high"] <= other["low"] for one, other in itertools.pairwise(result))


def test_other_numbers_are_in_ten_equal_bars():
    result = bars(np.linspace(0, 50, 101))
    assert [bar["count"] for bar in result] == [10] * 9 + [11]
    assert (result[0]["low"], result[-1]["high"]) == (0, 50) and "value" not in result[0]
    assert [bar["count"] for bar in bars(np.array([-2.0, 1.0, 3e9]))] == [2] + [0] * 8 + [1]


def test_the_bars_of_both_runs_are_side_by_side(past):
    both, alone = distributions(past, past), distributions(past, None)
    assert {side: set(columns) for side, columns in both.items()} == {
        "users": {"age"}, "items": {"price", "year"}, "interactions": {"stars", "score"}}
    stars = both["interactions"]["stars"]
    assert [bar["value"] for bar in stars["today"]] == [1, 2, 5] and stars["today"] == stars["past"]
    assert alone["interactions"]["stars"]["past"] == []


def _swap(shop):
    for row in shop.items:
        row["title"], row["plot"] = row["plot"], row["title"]


def _others(shop):
    for row, other in zip(shop.items, Shop().items[7:] + Shop().items[:7], strict=True):
        row |= {**other, "what": row["what"]}


def _of(spoil, past, folder, check, column):
    """Returns the examples of a finding in a spoiled shop."""
    found = judge(Data(SPEC, spoiled(spoil, folder / "today"), past, {}, 0.01))
    return next(one.examples for one in found if (one.check, one.column) == (check, column))


@pytest.mark.parametrize(("spoil", "check", "column", "expected"), [
    (change("items", "price", lambda v, _: 100 * v), "unit_change", "price",
     lambda n: (f"{5 + n}", f"{500 + 100 * n}")),
    (change("items", "kind", lambda v, n: ("desk", "sale", "home")[n % 3]), "mixed_values", "kind",
     lambda n: (("home", "desk", "sale")[n % 3], ("desk", "sale", "home")[n % 3])),
    (change("items", "price", lambda *_: None, 2), "missing_values", "price",
     lambda n: (f"{5 + n}", "–")),
])
def test_a_finding_shows_what_three_rows_had_and_have(
        past, tmp_path, spoil, check, column, expected):
    shown = _of(spoil, past, tmp_path, check, column)
    assert len(shown) == 3
    for one in shown:
        assert (one.old, one.new) == expected(int(one.row.removeprefix("i")))


def test_long_texts_are_cut_and_another_thing_is_shown_whole(past, tmp_path):
    (one, *_) = _of(_swap, past, tmp_path / "swapped", "swapped_columns", "title")
    assert one.new.startswith("This is the") and len(one.new) == 41 and len(one.old) < 12
    (one, *_) = _of(_others, past, tmp_path / "others", "reused_ids", "what")
    number = int(one.row.removeprefix("i"))
    assert f"{5.0 + number:g}" in one.old and f"{5.0 + (number + 7) % 60:g}" in one.new


def test_events_are_named_by_their_items_and_times_are_dates(past, tmp_path):
    shown = _of(change("interactions", "when", lambda v, _: v + 9 * 3600), past, tmp_path,
                "moved_times", "when")
    assert len(shown) == 3
    for one in shown:
        assert one.row.startswith("i")
        assert np.datetime64(one.new) - np.datetime64(one.old) == np.timedelta64(9, "h")


def test_no_personal_value_is_kept(past):
    """No row of a user, and neither reviews nor the user of an event."""
    events = past["events"]["pairs"]["shown"]
    assert past["ids"]["users"]["shown"] == {} and past["ids"]["items"]["shown"]
    assert set().union(*events.values()) == {"what", "when", "stars", "score"}


def test_a_personal_id_is_masked_and_a_profile_of_an_earlier_version_has_no_rows():
    now, then = ({"ids": {"users": {"shown": {"some hash": {"age": age}}}}} for age in ("20", "30"))
    assert examples(SPEC, now, then, "users", "age") == (
        Example("(personal, not shown)", "30", "20"),)
    assert examples(SPEC, now, {"ids": {"users": {}}}, "users", "age") == ()
