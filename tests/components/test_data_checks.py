from types import SimpleNamespace

import numpy as np
import pytest
from profiled import (
    DAY,
    NOW,
    SPEC,
    START,
    Shop,
    assert_found,
    change,
    findings,
    roll,
    spoiled,
)
from refusals import refuses
from worlds import column, png, small_spec

from components.data_checks import CHECKS, Data, judge, nearest
from components.data_checks.check import limits_in_force, require_known_checks
from components.data_profile.columns import profile_columns, profile_numbers
from components.data_profile.events import profile_events
from components.data_profile.leaks import profile_leaks
from components.data_profile.tables import Table, Values
from schemas import parse_spec

_GERMAN = "Das ist nicht das, was wir haben wollen, und es ist {} für uns."


def _nearly(seed):
    """One picture with a little noise."""
    blocks = np.random.default_rng(0).integers(10, 245, (6, 6, 3)).repeat(8, 0).repeat(8, 1)
    return png(blocks + np.random.default_rng(seed).integers(-3, 4, blocks.shape))


def _again(seconds):
    def spoil(shop):
        shop.events += [row | {"when": row["when"] + seconds} for row in shop.events]

    return spoil


def _drop(keep, part=lambda when: (when - START) // DAY):
    def spoil(shop):
        shop.events = [row for row in shop.events if keep(part(row["when"]))]

    return spoil


def _bot(users):
    def spoil(shop):
        shop.events += [row | {"who": f"u{n % users}", "when": NOW - 9 * DAY + n}
                        for n, row in enumerate(shop.events)]

    return spoil


def _swap(side, one, other):
    def spoil(shop):
        for row in shop.tables[side]:
            row[one], row[other] = row[other], row[one]

    return spoil


def _move_ids(shop):
    ids = [row["what"] for row in shop.items]
    for row, name in zip(shop.items, ids[5:] + ids[:5], strict=True):
        row["what"] = name


def _more(side, count):
    def spoil(shop):
        key = {"users": "who", "items": "what"}[side]
        shop.tables[side].extend(shop.tables[side][n % 40] | {key: f"new{n}"}
                                 for n in range(count))

    return spoil


def _lose(side, name, count):
    def spoil(shop):
        shop.lost[side, name] = count

    return spoil


def _rename(side, key, prefix):
    def spoil(shop):
        for table in (side, "interactions"):
            for row in shop.tables[table]:
                row[key] = prefix + row[key]

    return spoil


def _quarantine(shop):
    shop.quarantined["interactions"] = 40


def _of_one_user(shop):
    shop.events += [row | {"who": "u0", "when": START + n * 900}
                    for n, row in enumerate(shop.events[:400])]


def _in_another_case(shop):
    shop.users += [row | {"who": row["who"].upper(), "mail": ""} for row in shop.users[:10]]


def _late(shop):
    for row in shop.events:
        if row["when"] >= START + 70 * DAY:
            del row["stars"]


def _newest_labels(days, label, every=1):
    def spoil(shop):
        for place, row in enumerate(shop.events):
            if row["when"] >= START + (80 - days) * DAY and place % every == 0:
                row["stars"] = label

    return spoil


def _high_only(shop):
    for row in shop.events:
        if row["stars"] < 4:
            del row["score"]


def _nothing(*_):
    return None


WITH_PAST = [
    ("lost values", _lose("items", "price", 30), "lost_values items price FAIL"),
    ("missing values", change("items", "price", _nothing, 2), "missing_values items price FAIL"),
    ("missing pictures", change("items", "photo", _nothing, 2), "missing_values items photo FAIL"),
    ("an empty column", change("users", "age", _nothing), "empty_column users age FAIL"),
    ("a constant column", change("users", "age", lambda *_: 0), "constant_column users age WARN"),
    ("new categories", change("items", "kind", lambda v, _: f"new {v}", 2),
     "new_categories items kind FAIL"),
    ("another unit", change("items", "price", lambda v, _: 100 * v),
     "unit_change items price FAIL"),
    ("swapped texts", _swap("items", "title", "plot"), "swapped_columns items title FAIL"),
    ("labels dropped", change("interactions", "stars", _nothing),
     "missing_labels interactions stars FAIL"),
    ("a constant label", change("interactions", "stars", lambda *_: 5.0),
     "label_became_constant interactions stars FAIL"),
    ("a leak", change("interactions", "score", lambda _, n: 10.0 * (1 + n * n % 5)),
     "leaking_column interactions score FAIL"),
    ("a spelled label", change("interactions", "review", lambda _, n: f"{1 + n * n % 5} stars"),
     "leaking_column interactions review FAIL"),
    ("a spelled share of a label", change("interactions", "review", lambda _, n:
                                          f"{1 + n * n % 5}/5 for it"),
     "leaking_column interactions review FAIL"),
    ("a value where the label is high", _high_only, "leaking_column interactions score WARN"),
    ("prices of other items", roll("items", "price"), "mixed_values items price FAIL"),
    ("kinds of other items", roll("items", "kind"), "mixed_values items kind FAIL"),
    ("pictures of other items", roll("items", "photo"), "mixed_values items photo FAIL"),
    ("titles in capitals", change("items", "title", lambda v, _: v.upper()),
     "changed_values items title WARN"),
    ("labels of other events", roll("interactions", "stars"),
     "changed_labels interactions stars FAIL"),
    ("labels turned around", change("interactions", "stars", lambda v, _: 6 - v),
     "changed_labels interactions stars FAIL"),
    ("the newest ten days' labels are all 1", _newest_labels(10, 1.0),
     "changed_labels interactions stars FAIL"),
    ("a third of the newest month's labels are 1", _newest_labels(28, 1.0, 3),
     "changed_labels interactions stars WARN"),
    ("events of other items", roll("interactions", "what"),
     "changed_events interactions what FAIL"),
    ("no event of Sundays", _drop(lambda day: day % 7), "lost_days interactions when WARN"),
    ("no event at noon", _drop(lambda hour: hour != 12, lambda when: when // 3600 % 24),
     "lost_hours interactions when WARN"),
    ("a default", change("users", "age", lambda *_: 18, 3), "frequent_value users age WARN"),
    ("another unit in a few rows", change("interactions", "score", lambda v, _: 100 * v, 20),
     "outlying_values interactions score FAIL"),
    ("items under two ids", _more("items", 20), "copied_rows items what WARN"),
    ("ids in another case", _in_another_case, "alike_ids users who WARN"),
    ("late labels", _late, "late_labels interactions stars WARN"),
    ("cut texts", change("items", "plot", lambda v, _: v[:20]),
     "text_length_shift items plot WARN"),
    ("escaped texts", change("items", "title", lambda v, _: f"{v} &eacute;", 4),
     "escaped_texts items title WARN"),
    ("texts of another catalogue", change("items", "plot", lambda _, n:
                                          f"Your policy {n} covers damage of cars"),
     "new_words items plot WARN"),
    ("a user of a fifth of the events", _of_one_user, "dominant_id interactions who WARN"),
    ("a letter lost", change("items", "title", lambda v, _: f"{v} K?ste", 3),
     "damaged_texts items title FAIL"),
    ("Cyrillic read as Latin-1", change("items", "title", lambda v, _: f"{v} Ïðèâåò", 3),
     "damaged_texts items title FAIL"),
    ("black pictures", change("items", "photo", lambda *_: png((0, 0, 0), 40, 40)),
     "blank_media items photo FAIL"),
    ("placeholders", change("items", "photo", lambda _, n: png((9, 90, 160), 200, 300), 4),
     "blank_media items photo WARN"),
    ("empty texts", change("items", "plot", lambda *_: " . "), "empty_texts items plot FAIL"),
    ("mojibake", change("items", "title", lambda v, _: f"{v} KÃ¼ste", 3),
     "damaged_texts items title FAIL"),
    ("another language", change("items", "plot", lambda _, n: _GERMAN.format(n)),
     "language_shift items plot FAIL"),
    ("one text", change("items", "title", lambda *_: "Lamp 3"), "repeated_texts items title WARN"),
    ("half of the rows", _drop(lambda day: day % 2), "fewer_rows interactions who FAIL"),
    ("two weeks at a tenth", _drop(lambda day: not 30 <= day < 44 or day % 10 == 0),
     "lost_events interactions when FAIL"),
    ("users without events", _more("users", 100), "more_without_events users who FAIL"),
    ("items without events", _more("items", 40), "more_without_events items what WARN"),
    ("times in the future", change("interactions", "when", lambda v, _: v + 10**9, 50),
     "future_times interactions when FAIL"),
    ("times of 1970", change("interactions", "when", lambda *_: 20_240_501, 50),
     "old_times interactions when FAIL"),
    ("stale times", change("interactions", "when", lambda v, _: v - 400 * DAY),
     "stale_times interactions when FAIL"),
    ("another time zone", change("interactions", "when", lambda v, _: v + 9 * 3600, 2),
     "moved_times interactions when FAIL"),
    ("events again", _again(1), "repeated_events interactions what FAIL"),
    ("a bot", _bot(1), "bot_user interactions who WARN"),
    ("ids of nobody", change("interactions", "who", lambda *_: "null", 90),
     "absent_ids interactions who WARN"),
    ("swapped numbers", _swap("items", "price", "year"), "swapped_columns items price FAIL"),
    ("ids in another form", _rename("items", "what", "sku-"), "replaced_ids items what FAIL"),
    ("ids of other items", _move_ids, "reused_ids items what FAIL"),
    ("quarantined rows", _quarantine, "quarantined_rows interactions  FAIL"),
]


@pytest.mark.parametrize(("spoil", "expected"), [one[1:] for one in WITH_PAST],
                         ids=[one[0] for one in WITH_PAST])
def test_a_fault_is_found_by_its_name(past, tmp_path, spoil, expected):
    assert_found(findings(spoiled(spoil, tmp_path / "today"), past), expected)


def test_labels_that_went_wrong_since_some_day_are_told_with_the_days_and_the_value(past, tmp_path):
    """Of all events they are few; the share is that of the days."""
    today = spoiled(_newest_labels(10, 1.0), tmp_path / "today")
    (finding,) = [one for one in judge(Data(SPEC, today, past, {}, 0.01))
                  if one.check == "changed_labels"]
    assert finding.value == pytest.approx(0.8) and finding.count == 80
    for part in ("7 days up to 2024-02-01", "most often 1 in the place of", "all are 1 now"):
        assert part in finding.what


def test_a_bot_is_named_though_its_times_are_no_dates(past, tmp_path):
    bots = [{"user": "u0", "busiest": 9_000, "events": 9_000, "newest": 1_720_000_000_000_000}]
    today = spoiled(_bot(1), tmp_path / "today")
    today["events"] |= {"busy_users": bots, "busiest": 9_000}
    (finding,) = [one for one in judge(Data(SPEC, today, past, {}, 0.01))
                  if one.check == "bot_user"]
    assert "the newest at 1,720,000,000,000,000" in finding.what


def test_labels_are_compared_though_a_time_is_no_date(past, tmp_path):
    """Milliseconds that were taken for seconds are of the year 55,000."""
    def spoil(shop):
        change("interactions", "when", lambda v, _: 1_000 * v, 50)(shop)
        _newest_labels(10, 1.0)(shop)

    result = findings(spoiled(spoil, tmp_path / "today"), past)
    assert result["future_times", "interactions", "when"] == "FAIL"
    assert ("changed_labels", "interactions", "stars") in result


def test_the_configuration_sets_how_much_may_be_lost(past, tmp_path):
    today = spoiled(_lose("items", "price", 2), tmp_path / "today")
    assert [findings(today, past, max_lost=most)["lost_values", "items", "price"]
            for most in (0.01, 0.1)] == ["FAIL", "WARN"]


@pytest.mark.parametrize(("spoil", "expected"), [
    (change("users", "age", _nothing), "empty_column users age WARN"),
    (change("interactions", "stars", lambda *_: 5.0), "constant_label interactions stars WARN"),
    (change("interactions", "stars", _nothing), "missing_labels interactions stars WARN"),
    (_more("users", 100), "users_without_events users who WARN"),
    (_more("items", 40), "items_without_events items what WARN"),
    (_drop(lambda day: not 40 <= day < 47), "missing_days interactions when WARN"),
    (_drop(lambda day: day < 45 or day % 12 == 0), "recent_drop interactions when WARN"),
    (change("items", "photo", lambda _, n: _nearly(n)), "near_duplicate_media items photo FAIL"),
    (change("interactions", "when", lambda *_: NOW), "same_times interactions when WARN"),
], ids=["an empty column", "a constant label", "no label", "users without events",
            "items without events", "missing days", "a late drop",
        "near-equal pictures", "one time"])
def test_a_fault_is_found_without_a_past(tmp_path, spoil, expected):
    assert_found(findings(spoiled(spoil, tmp_path / "today"), None), expected)


@pytest.mark.parametrize(("column_", "value", "expected"), [
    (("users", "age"), 0.2, {("distribution_shift", "users", "age"): "WARN"}),
    (("users", "age"), 0.4, {("distribution_shift", "users", "age"): "FAIL"}),
    (("interactions", "stars"), 0.2, {("label_shift", "interactions", "stars"): "FAIL"}),
    (("interactions", "stars"), 0.01, {}),
])
def test_what_tfdv_measured_is_judged(past, column_, value, expected):
    assert findings(past, past, {column_: value}) == expected


def test_the_profile_has_each_label_by_day(past):
    """Of a label that is a number: how many rows have it, and their sum."""
    days = past["events"]["labels"]["rating"]
    assert days.keys() == past["events"]["days"].keys()
    assert sum(rows for rows, _ in days.values()) == 1_600
    assert sum(total for _, total in days.values()) == sum(1 + n * n % 5 for n in range(1_600))


def test_of_several_pasts_the_nearest_counts(past):
    """A weekday is compared with the last one of its kind too."""
    moved = {("users", "age"): 0.4, ("items", "price"): 0.4}
    far, near = (judge(Data(SPEC, past, past, drift, 0.01))
                 for drift in (moved, {("users", "age"): 0.2}))
    (result,) = nearest([far, near])
    assert (result.column, result.value, result.severity) == ("age", 0.2, "WARN")
    assert nearest([far]) == far and len(far) == 2


def test_clean_resamples_raise_no_alarm(past, tmp_path):
    rng = np.random.default_rng(5)
    for number in range(3):
        shop = Shop()
        # No event twice: ingest keeps one of those that are equal.
        shop.events = [shop.events[place] for place in rng.permutation(1_600)[:1_440]]
        assert findings(shop.profile(tmp_path / str(number)), past) == {}


def test_consecutive_spans_raise_no_alarm(tmp_path):
    before = None
    for last in (30, 45, 60, 80):
        today = spoiled(_drop(lambda day, last=last: day < last), tmp_path / str(last))
        assert findings(today, before) == {}
        before = today


def test_items_of_one_description_are_no_copies_if_another_column_differs(tmp_path):
    shop = Shop()
    shop.items.extend(shop.items[n] | {"what": f"new{n}", "kind": "other"} for n in range(20))
    assert ("copied_rows", "items", "what") not in findings(shop.profile(tmp_path / "today"), None)


def test_limits_of_the_schema_win_over_the_usual_ones(past, tmp_path):
    today = spoiled(change("items", "price", lambda v, _: 100 * v), tmp_path / "today")
    for tag, severity in (("check:unit_change=off", None), ("check:unit_change>200=FAIL", "WARN"),
                          ("check:unit_change>5=FAIL", "FAIL")):
        texts = [text.replace('tag: "numeric"', f'tag: "numeric" tag: "{tag}"')
                 for text in SPEC.texts]
        result = findings(today, past, spec=parse_spec("s", texts))
        assert result.get(("unit_change", "items", "price")) == severity


def test_a_whole_number_that_is_a_category_is_profiled_as_one():
    spec = small_spec(
        items=column("shelf", "INT", "categorical") + column("year", "INT", "numeric"))
    years, shelves = np.arange(1990, 2040), np.arange(50) % 5

    def profile(shelves):
        columns = {name: Values(values, np.arange(50)) for name, values in (
            ("shelf", shelves), ("year", years))}
        return profile_columns(spec, "items", Table(50, columns), {})

    then, now = profile(shelves), profile(np.where(shelves == 4, 77, shelves))
    assert then["shelf"]["categorical"]["values"]["4"] == 10 and "numbers" not in then["shelf"]
    assert then["year"]["numbers"]["mean"] == years.mean()
    data = Data(spec, {"columns": {"items": now}}, {"columns": {"items": then}}, {}, 0.01)
    (measured,) = CHECKS["new_categories"].measure(data)
    assert measured.column == "shelf" and measured.value == 0.2 and "77" in measured.what


def test_the_limits_in_force_are_the_schemas_and_the_configurations(past):
    text = SPEC.texts[1].replace('tag: "numeric"', 'tag: "numeric" tag: "check:unit_change=off"', 1)
    text = text.replace('"categorical"', '"categorical" tag: "check:new_categories>0.5=WARN"')
    spec = parse_spec("s", [SPEC.texts[0], text, SPEC.texts[2]])
    held = limits_in_force(Data(spec, past, None, {}, 0.05))
    limits = held["limits"]
    assert limits["quarantined_rows"] == {"warn": None, "fail": 0.05}
    assert limits["lost_values"] == {"warn": 0.001, "fail": 0.05}
    assert limits["unit_change"] == {"warn": 0.5, "fail": 8.0}
    assert held["own_limits"] == [
        {"check": "new_categories", "table": "items", "column": "kind", "warn": 0.5, "fail": 0.3},
        {"check": "unit_change", "table": "items", "column": "price", "warn": None, "fail": None}]


def test_personal_values_of_an_anomaly_are_hidden(past):
    data = [{"table": "users", "split": "all", "feature": name, "short": "x", "long": "a@b.org"}
            for name in ("mail", "age")]
    texts = {one.column: one.what for one in judge(Data(SPEC, past, past, {}, 0.01, data))}
    assert "a@b.org" in texts["age"] and "a@b.org" not in texts["mail"]


@pytest.mark.parametrize(("tag", "code"), [
    ("check:nothing>1=FAIL", "unknown-check-of-data"), ("check:lost_values", "bad-check-tag")])
def test_a_tag_of_no_check_is_refused(tag, code):
    with refuses(code, "check"):
        require_known_checks(small_spec(items=column("price", "FLOAT", "numeric", tag)))


@pytest.mark.parametrize(("name", "shown"), [("year", False), ("year made", True)])
def test_a_reason_is_of_the_column_and_of_no_other_that_begins_alike(past, name, shown):
    reason = {"table": "items", "kind": "value", "columns": ["year made"], "examples": [
        {"source": "items.csv", "line": 3, "reason": "year made 'x' is not a number"}]}
    shop = {**past, "columns": {"items": {name: {"lost": 9, "filled": 91}}}}
    data = Data(SPEC, shop, None, {}, 0.01, reasons=[{**reason, "reason": "year made …"}])
    (finding,) = [one for one in CHECKS["lost_values"].measure(data)]
    assert ("items.csv line 3" in finding.what) is shown


@pytest.mark.parametrize("values", [[1e30, 2.0], [3e38, -3e38], [1e20], [0.1, 0.2]])
def test_figures_of_numbers_of_any_size_are_numbers(values):
    figures = profile_numbers(np.array(values, np.float32))
    assert np.isfinite([*figures["deciles"], *figures["edges"]]).all()
    assert figures["std"] == pytest.approx(np.std(values), rel=1e-4)


def test_types_of_events_and_labels_may_be_of_any_script():
    spec = small_spec(events=column("act", "BYTES", "event_type", "label:bought", domain=(
        "浏览", "购买")) + column("how", "BYTES", "categorical"), time="when")
    rows = np.arange(60)
    texts = {"who": ["u1"] * 60, "what": ["i1"] * 60, "act": ["浏览", "购买"] * 30,
             "how": ["web", "Gerät"] * 30}
    table = Table(60, {"when": Values(START + rows, rows), **{
        name: Values(np.array([value.encode() for value in values], object), rows)
        for name, values in texts.items()}})
    assert profile_events(spec, table, NOW)["repeated"] == pytest.approx(58 / 60)
    (leak,) = profile_leaks(spec, "interactions", table)
    assert leak["explained"] == 1


def test_ids_whose_texts_are_in_each_others_columns_are_not_of_other_things(past, tmp_path):
    today = spoiled(_swap("items", "title", "plot"), tmp_path / "today")
    found = findings(today, past)
    assert ("reused_ids", "items", "what") not in found
    assert next(iter(found))[0] == "swapped_columns"  # what explains the others is the first


@pytest.mark.parametrize(("gone", "found"), [
    (lambda day: day % 7 == 3, 15),  # one day of seven
    (lambda day: day in (20, 70), 0),  # of three users all can be gone by chance
])
def test_days_of_few_users_are_lost_where_chance_hardly_explains_it(gone, found):
    def profile(days):
        return {"events": {"rows": 9 * len(days), "days": dict.fromkeys(map(str, days), 9),
                           "squares": dict.fromkeys(map(str, days), 27)}}  # three users, 3 each

    data = SimpleNamespace(today=profile([day for day in range(103) if not gone(day)]),
                           past=profile(range(103)), time_column="when")
    assert sum(one.value for one in CHECKS["lost_days"].measure(data)) == found
