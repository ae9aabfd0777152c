"""Moments in every form that users write."""

import datetime

import pytest

from components.catalog_gen.times import to_seconds

NOON = 1_714_564_800  # 2024-05-01 12:00 UTC


@pytest.mark.parametrize("value", [
    NOON, str(NOON), NOON * 1000, str(NOON * 1000), float(NOON), "2024-05-01T12:00:00Z",
    "2024-05-01 12:00:00", "2024-05-01T14:00:00+02:00", datetime.datetime(2024, 5, 1, 12),
])
def test_forms_of_one_moment(value):
    assert to_seconds(value) == NOON


def test_dates_start_at_midnight():
    midnight = NOON - 12 * 3600
    assert to_seconds("2024-05-01") == to_seconds(datetime.date(2024, 5, 1)) == midnight


@pytest.mark.parametrize("value", ["", "yesterday", "01.05.2024", None, float("nan"), float("inf")])
def test_what_is_no_moment(value):
    assert to_seconds(value) is None
