"""Checks of what belongs to the same ids, and to the same events, in two runs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from components.data_checks.chance import by_chance
from components.data_checks.check import Data, Measured, check

_FEW = 20  # ids; of fewer no share says anything
_FEW_EVENTS = 50
_NEWEST = (7, 28)  # days
_DAY, _EPOCH = 86_400, date(1970, 1, 1)
Values = dict[str, Any]


@check("share of the ids of both runs whose whole content is another one",
       "Give new things new ids; a model that knows the old ones would mistake them.",
       warn=0.1, fail=0.3, compares=True, by_row=True)
def reused_ids(data: Data) -> Iterator[Measured]:
    for side, sample, before in _samples(data):
        both, changed = _compared(sample, before)
        if len(both) >= _FEW:
            yield Measured(side, data.spec.id_key(side).name, len(changed) / len(both),
                           f"{len(changed):,} of {len(both):,} ids that both runs have are of "
                           f"other {side} now", len(changed), len(changed) / len(both))


@check("share of the ids of the last run that are gone",
       "Check whether ids are written in another form, and that all rows arrived.",
       warn=0.3, fail=0.8, compares=True)
def replaced_ids(data: Data) -> Iterator[Measured]:
    for side, sample, before in _samples(data):
        then = _within(before["contents"], sample, before)
        if len(then) >= _FEW:
            gone = len(then - sample["contents"].keys()) / len(then)
            yield Measured(side, data.spec.id_key(side).name, gone,
                           f"{gone:.1%} of the {side} of the last run are gone", share=gone)


@check("increase of the share of rows without a value among the ids that the last run did not "
       "have, against its own, beyond chance",
       "Find out why the source delivers less of what is new.", warn=0.2, compares=True)
def bare_new_ids(data: Data) -> Iterator[Measured]:
    for side, sample, before in _samples(data):
        contents, past = sample["contents"], before["contents"]
        new = _within(contents, sample, before) - past.keys()
        # Of many media none but the first are looked at.
        for name in (f.name for f in data.spec.table(side) if not f.media):
            if len(new) < _FEW or not any(name in row for row in past.values()):
                continue
            share = sum(name not in contents[key] for key in new) / len(new)
            usual = sum(name not in row for row in past.values()) / len(past)
            yield Measured(side, name, share - usual - by_chance(usual, len(new), len(past)),
                           f"{share:.0%} of the {len(new):,} new {side} have no value, and "
                           f"{usual:.0%} of all had none in the last run",
                           round(share * len(new)), share)


@check("share of the rows that a text identifies, of both runs, that have another id now",
       "Write ids as in the last run: the model's past events are of other ids, and what asks for "
       "recommendations may know the old ones alone.",
       warn=0.1, fail=0.5, compares=True)
def renamed_ids(data: Data) -> Iterator[Measured]:
    for side, sample, before in _samples(data):
        pairs = [(one, before["named"][text]) for text, one in sample["named"].items()
                 if text in before["named"]]
        if len(pairs) >= _FEW:
            share = _changed(pairs) / len(pairs)
            yield Measured(side, data.spec.id_key(side).name, share,
                           f"{share:.1%} of the {len(pairs):,} {side} that were compared by what "
                           "is written of them have another id now", _changed(pairs), share)


@check("share of the ids of both runs that have another one's value now, beyond chance",
       "Check how the column was joined to its ids: its rows were probably moved by some places.",
       warn=0.1, fail=0.5, compares=True, by_row=True)
def mixed_values(data: Data) -> Iterator[Measured]:
    for side, name, pairs in columns_of_ids(data):
        kept = _kept(pairs)
        yield _moved(side, name, pairs, kept, f"the value of others: {kept:.0%} of these values "
                     "were in the last run, too")


@check("share of the ids of both runs that have another value now, and one that no other id lost, "
       "beyond chance",
       "Ask the source what changed; if the new values are right, there is nothing to do.",
       warn=0.1, compares=True, by_row=True)
def changed_values(data: Data) -> Iterator[Measured]:
    for side, name, pairs in columns_of_ids(data):
        yield _moved(side, name, pairs, 1 - _kept(pairs), "another value")


def _moved(side: str, name: str, pairs: Sequence[tuple[Any, Any]], part: float,
           what: str) -> Measured:
    """Returns the part of the disagreement between two runs that is of one kind."""
    changed = _changed(pairs)
    rows = "events" if side == "interactions" else side
    return Measured(side, name, _disagreement(pairs) * part, f"{changed:,} of the {len(pairs):,} "
                    f"{rows} of both runs that were compared have got {what}", changed)


@check("share of the events of both runs that have another label now: of all, or of those of the "
       "newest days",
       "Check how labels were joined to the events, and whether their meaning was turned around.",
       warn=0.05, fail=0.3, compares=True, by_row=True)
def changed_labels(data: Data) -> Iterator[Measured]:
    for name in dict.fromkeys(label.feature for label in data.spec.labels_of("interactions")):
        shares = [(_changed(pairs) / len(pairs), pairs, of_when)
                  for pairs, of_when in _parts_by_time(data, _same_events(data, name))
                  if len(pairs) >= _FEW_EVENTS]
        if shares:
            share, pairs, of_when = max(shares, key=lambda one: one[0])
            (value, count), *_ = Counter(now for now, _ in pairs).most_common(1)
            only = f"; all are {value:g} now" if count == len(pairs) else ""
            yield Measured("interactions", name, share,
                           f"{share:.1%} of the {len(pairs):,} events of both runs that were "
                           f"compared{of_when} have got another label, most often "
                           f"{_most_often(pairs)}{only}", _changed(pairs), share)


def _parts_by_time(data: Data, events: Mapping[str, Any]) -> Iterator[tuple[list[Any], str]]:
    """Yields the values of all events and of the newest days', and in words which days these are.

    Labels that went wrong since some day are few of all.
    """
    yield list(events.values()), ""
    times = data.today["events"]["pairs"]["values"].get(data.time_column, {}) if events else {}
    # A time of another unit may be no date.
    last = max(0, min(data.today["events"].get("newest", 0), data.today["moment"])) // _DAY
    for days in _NEWEST:
        yield ([pair for key, pair in events.items() if times.get(key, 0) // _DAY > last - days],
               f", of the {days} days up to {_EPOCH + timedelta(last)},")


@check("share of the pairs of user and item that the last run had and this one lacks, beyond the "
       "share by which there are fewer, as a part of what chance would leave",
       "Check whether events name the right users and items: ids were probably moved or mapped "
       "wrongly.",
       warn=0.1, fail=0.6, compares=True)
def changed_events(data: Data) -> Iterator[Measured]:
    today, past = data.today["events"], (data.past or {})["events"]
    if "pairs" not in today or "pairs" not in past:
        return
    now, then = today["pairs"], past["pairs"]
    keys = _within(then["counts"], now, then)
    if data.time_column:  # an event before the first one is of an older window
        times = then["values"][data.time_column]
        keys = {key for key in keys if times.get(key, 0) >= today.get("oldest", 0)}
    if len(keys) >= _FEW_EVENTS:
        gone = len(keys - now["counts"].keys()) / len(keys)
        fewer, before = (one["density"] * one["users"] * one["items"] for one in (today, past))
        # Of many pairs, one that is wrong is often there all the same.
        left = max(1 - today["density"], 0.1)
        yield Measured("interactions", data.spec.role("item_id").name,
                       (gone - max(0.0, 1 - fewer / before)) / left,
                       f"{gone:.1%} of the pairs of a user and an item that the last run had are "
                       "gone, and there are others in their place", share=gone)


@check("share of the events that the last run had at another time",
       "Write all times in one zone and unit (UTC, seconds).",
       warn=0.05, fail=0.3, compares=True, by_row=True, explains=True)
def moved_times(data: Data) -> Iterator[Measured]:
    pairs = list(_same_events(data, data.time_column).values()) if data.time_column else []
    if len(pairs) >= _FEW_EVENTS:
        moved = _changed(pairs) / len(pairs)
        usual = Counter(now - then for now, then in pairs if now != then).most_common(1)
        hours = usual[0][0] / 3600 if usual else 0.0
        yield Measured("interactions", data.time_column, moved,
                       f"{moved:.1%} of the {len(pairs):,} events of both runs that were compared "
                       f"are at another time, most often by {hours:+,.2f} hours", _changed(pairs),
                       moved)


def _samples(data: Data) -> Iterator[tuple[str, Values, Values]]:
    for side, sample in data.today["ids"].items():
        before = (data.past or {}).get("ids", {}).get(side)
        if before:
            yield side, sample, before


def _within(keys: Mapping[str, Any], one: Values, other: Values) -> set[str]:
    """Returns the hashes that a sample would have if the thing were there."""
    end = min(int(one["largest"], 16), int(other["largest"], 16))
    return {key for key in keys if int(key, 16) <= end}


def _compared(sample: Values, before: Values) -> tuple[set[str], set[str]]:
    """Returns ids of both runs that can be told apart, and those of them that are of others now."""
    both: set[str] = set()
    changed: set[str] = set()
    telling = set(sample["telling"]) & set(before["telling"])
    for key in sample["contents"].keys() & before["contents"].keys():
        now, then = sample["contents"][key], before["contents"][key]
        columns = telling & now.keys() & then.keys()
        if columns:
            both.add(key)
            # In another column it is the same thing still.
            if not {now[one] for one in columns} & {then[one] for one in columns}:
                changed.add(key)
    return both, changed


def columns_of_ids(data: Data) -> Iterator[tuple[str, str, list[tuple[Any, Any]]]]:
    """Yields table, column, and the values of the same ids now and in the last run.

    Ids whose whole content is another one are left out, for `reused_ids` has them; of events the
    labels and the times, which have checks of their own.
    """
    own = {label.feature for label in data.spec.labels_of("interactions")}
    for name in data.today["columns"]["interactions"]:
        pairs = (list(_same_events(data, name).values())
                 if name not in own and not _is_role(data, name) else [])
        if len(pairs) >= _FEW_EVENTS:
            yield "interactions", name, pairs
    for side, sample, before in _samples(data):
        reused = _compared(sample, before)[1]
        same = (sample["contents"].keys() & before["contents"].keys()) - reused
        for name in data.today["columns"][side]:
            pairs = [(sample["contents"][key][name], before["contents"][key][name])
                     for key in sorted(same) if name in sample["contents"][key]
                     and name in before["contents"][key]]
            if len(pairs) >= _FEW:
                yield side, name, pairs


def _same_events(data: Data, column: str) -> dict[str, tuple[Any, Any]]:
    """Returns the values of a column in both runs, of pairs with one event in each, by hash."""
    now, then = (profile["events"].get("pairs") for profile in (data.today, data.past or {}))
    if not now or not then:
        return {}
    values, past = now["values"].get(column, {}), then["values"].get(column, {})
    return {key: (values[key], past[key]) for key in sorted(values.keys() & past.keys())
            if now["counts"][key] == then["counts"][key] == 1}


def _is_role(data: Data, column: str) -> bool:
    return any(one.name == column and one.role for one in data.spec.table("interactions"))


def _changed(pairs: Sequence[tuple[Any, Any]]) -> int:
    return sum(now != then for now, then in pairs)


def _kept(pairs: Sequence[tuple[Any, Any]]) -> float:
    """Returns the share of the changed values that other ids had, which have none of them now."""
    moved = [pair for pair in pairs if pair[0] != pair[1]]
    return (Counter(now for now, _ in moved)
            & Counter(then for _, then in moved)).total() / max(1, len(moved))


def _disagreement(pairs: Sequence[tuple[Any, Any]]) -> float:
    """Returns 0 where new values go with the old ones, 1 where they do so by chance.

    It is 1 less the correlation of ranks for numbers, and less Cohen's kappa for others.
    """
    now, then = zip(*pairs, strict=True)
    if isinstance(now[0], float):
        new, old = _ranks(np.array(now)), _ranks(np.array(then))
        if min(np.ptp(new), np.ptp(old)) == 0:
            return 0.0
        return float(min(1.0, 1 - np.corrcoef(new, old)[0, 1]))
    counts, past = Counter(now), Counter(then)
    chance = sum(count * past[value] for value, count in counts.items()) / len(pairs) ** 2
    return _changed(pairs) / len(pairs) / (1 - chance) if chance < 1 else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Returns the place of each value in order, the mean one of equal values."""
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, "right")) / 2


def _most_often(pairs: Sequence[tuple[Any, Any]]) -> str:
    moves = Counter((then, now) for now, then in pairs if now != then).most_common(1)
    return " in the place of ".join(f"{one:g}" for one in reversed(moves[0][0])) if moves else ""
