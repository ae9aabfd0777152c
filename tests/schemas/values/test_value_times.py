import datetime

import pytest

from schemas.values.times import to_seconds

NOON = 1_714_564_800  # 2024-05-01 12:00 UTC


@pytest.mark.parametrize("value", [
    NOON, str(NOON), NOON * 1000, str(NOON * 1000), float(NOON), "2024-05-01T12:00:00Z",
    "2024-05-01 12:00:00", "2024-05-01T14:00:00+02:00", datetime.datetime(2024, 5, 1, 12),
    f"{NOON}.75", "2024-05-01T12:00:00.75Z", f" {NOON} ", " 2024-05-01T12:00:00Z ",
    datetime.datetime(2024, 5, 1, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=3))),
    # What ISO writes a little otherwise.
    "2024-05-01 12:00:00 UTC", "2024-05-01 12:00:00.5 UTC", "2024-05-01T12:00:00 GMT",
    "2024/05/01 12:00:00", "2024/5/1 12:00", "2024.05.01 12:00", "2024-5-1 12:00",
    "2024-05-01  12:00", "2024/05/01 14:00:00+02:00", "2024-05-01 12 UTC",
])
def test_forms_of_one_moment(value):
    assert to_seconds(value) == NOON


def test_dates_start_at_midnight():
    midnight = NOON - 12 * 3600
    assert to_seconds("2024-05-01") == to_seconds(datetime.date(2024, 5, 1)) == midnight


def test_moments_before_1970_are_rounded_down_too():
    assert to_seconds("1969-12-31T23:59:58.5Z") == to_seconds(-1.5) == -2
    assert to_seconds(-NOON * 1000) == -NOON


@pytest.mark.parametrize("value", [
    "", "yesterday", "01.05.2024", "2024-02-30", None, float("nan"), float("inf"), "nan", "inf",
    True, [NOON], {}, b"2024", datetime.time(12),
    # Microseconds are no moment in a far future.
    NOON * 10**6, str(NOON * 10**9), 10**400, "1e30",
    # These could be another moment.
    "2024/05-01", "01/05/2024", "2024-13-01", "2024/02/30", "2024-05-01 12:00:00Z UTC",
    "2024-05-01 12:00:00 CET", "2024-05-01 12:00:00 PM", "2024-05-01 25:00", "2024/05",
    # Notations of a programming language.
    "2019_10_01", "1_714_564_800", "1.7e9", "0x10", "+5", "\uff12\uff10",
])
def test_what_is_no_moment(value):
    assert to_seconds(value) is None


@pytest.mark.parametrize(("digits", "date"), [
    (20240501, "2024-05-01"), ("20240501", "2024-05-01"), (" 20240501 ", "2024-05-01"),
    ("20240501.0", "2024-05-01"), (20240501120000, "2024-05-01T12:00:00"),
    ("202405011200", "2024-05-01T12:00"), (19850131, "1985-01-31"), ("2024050112", "2024-05-01T12"),
])
def test_digits_that_are_a_date(digits, date):
    assert to_seconds(digits) == to_seconds(date)


@pytest.mark.parametrize("digits", [
    20241301, 20240230, 18991231, 2024, 202405, 45413, 5, 2024050199])
def test_digits_that_are_none(digits):
    assert to_seconds(digits) == digits
    assert to_seconds(str(digits)) == digits


def test_a_column_of_small_numbers_has_no_dates():
    assert to_seconds(20240501, latest=30_000_000) == 20240501
    assert to_seconds(20240501, latest=4_102_444_800) == to_seconds("2024-05-01")
