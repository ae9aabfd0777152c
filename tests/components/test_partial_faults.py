"""Faults of a part of the data, of units, scripts, copies and spans: each is found by its name."""

import numpy as np
import pytest
from profiled import DAY, SPEC, START, Shop, assert_found, change, findings, roll, spoiled
from worlds import column, small_spec

from components.data_checks import CHECKS, Data, judge
from components.data_checks.chance import divergence_beyond_chance
from components.data_profile.columns import profile_columns, profile_texts
from components.data_profile.events import profile_events
from components.data_profile.leaks import profile_leaks
from components.data_profile.sketch import profile_ids
from components.data_profile.tables import Table, Values
from schemas.values.text import unnamed

_CHINESE = "这是一个很好的产品，我非常喜欢它 {}"
_RUSSIAN = "Хорошая вещь {}"


def _rename(every):
    def spoil(shop):
        names = {row["what"] for row in shop.items[::every]}
        for row in shop.items + shop.events:
            row["what"] = f"sku-{row['what']}" if row["what"] in names else row["what"]

    return spoil


def _bare(shop):
    shop.items += [row | {"what": f"new{n}", "plot": None, "title": f"Other {n}"}
                   for n, row in enumerate(shop.items[:25])]


def _day(kept):
    """Leaves one in so many events of the day in the middle, or none."""
    def spoil(shop):
        shop.events = [row for place, row in enumerate(shop.events)
                       if (row["when"] - START) // DAY != 40 or (kept and place % kept == 0)]

    return spoil


@pytest.mark.parametrize(("spoil", "expected"), [
    (change("items", "price", lambda v, _: 100 * v, 7), "rescaled_values items price FAIL"),
    (change("items", "price", lambda v, _: v / 1000, 7), "rescaled_values items price FAIL"),
    (change("items", "price", lambda v, _: round(1.3 * v, 2), 3),
     "rescaled_values items price WARN"),
    (change("items", "price", lambda v, _: round(1.1 * v, 2)), "rescaled_values items price WARN"),
    (change("items", "price", lambda v, _: v / 1.609), "unit_change items price WARN"),
    (change("items", "price", lambda v, _: -v, 3), "rescaled_values items price WARN"),
    (change("interactions", "score", lambda v, _: 2.2 * v, 5),
     "rescaled_values interactions score WARN"),
    (change("items", "title", lambda v, _: v.upper(), 7), "changed_values items title WARN"),
    (change("items", "plot", lambda v, _: v[:12], 7), "changed_values items plot WARN"),
    (change("interactions", "review", lambda v, _: v[:12], 7),
     "changed_values interactions review WARN"),
    (roll("items", "price", 4, 7), "mixed_values items price WARN"),
    (roll("users", "age", 4, 4), "mixed_values users age WARN"),
    (change("users", "age", lambda *_: 33, 3), "frequent_value users age WARN"),
    (change("items", "plot", lambda _, n: _CHINESE.format(n)), "language_shift items plot FAIL"),
    (change("items", "plot", lambda _, n: _CHINESE.format(n), 3), "language_shift items plot WARN"),
    (change("items", "title", lambda _, n: _RUSSIAN.format(n), 3),
     "language_shift items title WARN"),
    (change("items", "plot", lambda v, _: v.encode("utf-16-le").decode("latin-1"), 7),
     "damaged_texts items plot FAIL"),
    (change("items", "plot", lambda v, _: v.encode("utf-16-le").decode("utf-16-be"), 3),
     "language_shift items plot WARN"),
    (change("items", "plot", lambda v, _: f"<p>{v}</p>", 7), "escaped_texts items plot WARN"),
    (_rename(7), "renamed_ids items what WARN"),
    (_bare, "bare_new_ids items plot WARN"),
    (_day(0), "lost_days interactions when WARN"),
    (_day(10), "lost_days interactions when WARN"),
], ids=lambda one: one if isinstance(one, str) else "")
def test_a_fault_is_found_by_its_name(past, tmp_path, spoil, expected):
    assert_found(findings(spoiled(spoil, tmp_path / "today"), past), expected)


@pytest.mark.parametrize("spoil", [
    change("items", "price", lambda v, n: v * (1 + 0.05 * np.sin(n))),
    change("items", "price", lambda v, _: 1.03 * v), change("items", "year", lambda v, _: v + 1),
    change("users", "age", lambda v, _: v + 1), change("items", "price", lambda v, _: 1.3 * v, 20),
    change("items", "title", lambda v, _: v.upper(), 20),
    change("items", "plot", lambda _, n: _CHINESE.format(n), 20),
], ids=["prices vary", "a price rise", "years", "birthdays", "a few prices", "a few titles",
        "a few translations"])
def test_what_changes_from_day_to_day_is_no_fault(past, tmp_path, spoil):
    assert findings(spoiled(spoil, tmp_path / "today"), past) == {}


def test_a_day_without_events_among_many_is_found_without_a_past_and_said_once(tmp_path):
    today = spoiled(_day(0), tmp_path / "today")
    assert findings(today, None) == {("missing_days", "interactions", "when"): "WARN"}
    assert findings(today, today) == {}


@pytest.mark.parametrize(("text", "name"), [
    ("我喜欢它的颜色", "chinese"), ("これはとても良い", "japanese"), ("the lamp is it", "english"),
    ("Ϣϥ Ϭϭ", "coptic"), ("12 34", "unknown"), 
])
def test_the_language_of_a_text_without_blanks_is_known(text, name):
    profile = profile_texts(np.array([f"{text} {text}1 {text}2".encode()], object))
    assert profile["languages"] == {name: 1.0}


def _lists(values):
    rows = np.repeat(np.arange(len(values)), [len(one) for one in values])
    flat = np.array([text.encode() for one in values for text in one], object)
    ids = np.array([f"i{n}".encode() for n in range(len(values))], object)
    return Table(len(values), {"what": Values(ids, np.arange(len(values))),
                               "kinds": Values(flat, rows)})


def test_lists_that_are_cut_to_their_first_value_are_found(past):
    spec = small_spec(items=column("kinds", "BYTES", "categorical", most=3))
    whole = [["a", "b", "c"][: 1 + n % 3] for n in range(300)]
    now, then = ({**past, "rows": {**past["rows"], "items": 300},
                  "columns": {**past["columns"], "items": profile_columns(
                      spec, "items", table, {})},
                  "ids": {"items": profile_ids(spec, "items", table)}}
                 for table in (_lists([one[:1] for one in whole]), _lists(whole)))
    data = Data(spec, now, then, {}, 0.01)
    (lists,) = [one for one in CHECKS["shorter_lists"].measure(data) if one.column == "kinds"]
    assert lists.value == 0.5
    changed = {one.column: one.value for one in CHECKS["changed_values"].measure(data)}
    mixed = {one.column: one.value for one in CHECKS["mixed_values"].measure(data)}
    assert changed["kinds"] + mixed["kinds"] > 0.6
    kinds = now["ids"]["items"]["contents"].values()
    assert profile_ids(spec, "items", _lists([one[::-1] for one in whole]))["contents"] == (
        then["ids"]["items"]["contents"]), "the order in a list says nothing"
    assert len({one["kinds"] for one in kinds}) == 1


def _events(spec, **columns):
    rows = len(next(iter(columns.values())))
    return Table(rows, {name: Values(
        np.array([one.encode() for one in values], object) if isinstance(values[0], str)
        else np.array(values), np.arange(rows)) for name, values in columns.items()})


_REVIEWED = small_spec(events=column("stars", "FLOAT", "label:rating")
                       + column("review", "BYTES", "text"), time="when")


def _explained(reviews, stars, copies=1):
    count = len(reviews)
    table = _events(_REVIEWED, who=[f"u{n % 30}" for n in range(count)] * copies,
                    what=[f"i{n}" for n in range(count)] * copies,
                    when=list(range(count * copies)), stars=list(map(float, stars)) * copies,
                    review=list(reviews) * copies)
    (leak,) = profile_leaks(_REVIEWED, "interactions", table)
    return leak["explained"]


def test_reviews_that_were_delivered_several_times_are_no_leak():
    stars = np.random.default_rng(1).integers(1, 6, 200)
    reviews = [f"I had it on day {n} of the month" for n in range(200)]
    assert _explained(reviews, stars, copies=4) < 0.5


def test_a_few_reviews_that_say_the_label_are_a_leak_beside_others():
    stars = np.arange(300) % 5 + 1
    said = [f"{('awful', 'bad', 'fair', 'good', 'great')[one - 1]}" for one in stars]
    assert _explained(said, stars) > 0.97
    others = [f"{one} {n}" if n % 50 == 0 else one for n, one in enumerate(said)]
    assert _explained(others, stars) > 0.9


@pytest.mark.parametrize("form", [
    lambda one: "★" * one + "☆" * (5 - one), lambda one: "⭐" * one,
    lambda one: ("one", "Two", "three", "four", "FIVE")[one - 1] + " points",
    lambda one: f"{one} of 5"])
def test_a_label_that_a_text_says_in_words_or_stars_is_a_leak(form):
    stars = np.arange(300) % 5 + 1
    assert _explained([f"No {chr(97 + n % 26)}{n}x: {form(one)}" for n, one in enumerate(stars)],
                      stars) > 0.97


def test_a_bot_is_named_by_a_hash_and_people_are_not(past, tmp_path):
    shop = Shop()
    shop.events += [row | {"who": f"u{n % 2}", "when": START + 30 * DAY + n}
                    for n, row in enumerate(shop.events)]
    found = judge(Data(SPEC, shop.profile(tmp_path / "today"), past, {}, 0.01))
    (bots,) = [one for one in found if one.check == "bot_user"]
    assert bots.what.startswith("2 users")
    assert unnamed("u0") in bots.what and unnamed("u1") in bots.what
    assert unnamed("u2") not in bots.what and "u0 " not in bots.what


def test_all_columns_of_events_are_compared_and_no_role_of_them(past):
    assert set(past["events"]["pairs"]["values"]) == {"stars", "score", "review", "when"}
    assert set(past["events"]["filled"]) == {"score", "review"}


def test_the_newest_users_of_a_table_without_times_have_no_days():
    spec = small_spec(events=column("score", "FLOAT", "numeric"))
    table = _events(spec, who=["a", "b"], what=["x", "y"], score=[1.0, 2.0])
    assert "filled" not in profile_events(spec, table, START)


def _spanned(profile, spans):
    return {**profile, "counts": {**profile["counts"], "spans": spans}}


def _week(*left_out, thin=()):
    return {f"2026-11-{day:02}": 20 if day in thin else 1_000 for day in range(9, 22)
            if day not in left_out}


@pytest.mark.parametrize(("spans", "before", "found"), [
    (_week(), {}, False), (_week(12), {}, True), (_week(thin=[12]), {}, True),
    (_week(thin=[21]), _week(21), True), (_week(12), _week(12), False),
    (_week(14, 15, 21), {}, False), (_week(14), {}, True), ({"2026-11-12": 5}, {}, False),
    ({}, {}, False), (_week(thin=[14, 15, 21]), {}, False),
    (_week(14, 15, 21), _week(20, 21), True),
], ids=["all", "a Thursday", "an empty one", "the newest empty", "said before", "weekends",
        "one day of a weekend", "one span", "no spans", "closed on weekends",
        "a weekend that the last run had"])
def test_a_span_that_is_missing_or_nearly_empty_is_found(past, spans, before, found):
    result = findings(_spanned(past, spans), _spanned(past, before) if before else None)
    assert (("missing_spans", "interactions", "when") in result) is found


def _categories(counts, kept=1_000):
    values = dict(sorted(counts.items(), key=lambda pair: -pair[1])[:kept])
    return {"categorical": {"count": sum(counts.values()), "distinct": len(counts),
                            "values": values}}


@pytest.mark.parametrize(("heads", "low", "high"), [(10, -0.1, 0.0), (0, 0.15, 1.0)])
def test_of_many_categories_the_frequent_ones_are_compared(heads, low, high):
    """TFDV and the profile keep a thousand; of equally rare ones others are kept in each run."""
    then, now = ({**{f"head {n + first}": 100 for n in range(10)},
                  **{f"rare {n}": 1 for n in range(2_000)}} for first in (0, 10 - heads))
    past, today = _categories(then), _categories(dict(reversed(now.items())))
    assert len(set(past["categorical"]["values"]) & set(today["categorical"]["values"])) < 20
    assert low <= divergence_beyond_chance(0.5, today, past) <= high


def test_the_divergence_of_few_categories_is_the_measured_one_less_chance():
    column_ = _categories({"a": 500, "b": 500})
    assert divergence_beyond_chance(0.5, column_, column_) == pytest.approx(0.5, abs=0.01)
    assert divergence_beyond_chance(0.5, {}, column_) == 0.5
