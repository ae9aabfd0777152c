"""Checks of values and labels: lost, missing, constant, new, distributed otherwise."""

from collections.abc import Iterator
from typing import Any

from components.data_checks.chance import by_chance, divergence_beyond_chance
from components.data_checks.check import Data, Measured, check
from schemas.values.text import is_unnamed, unnamed

_FEW = 20  # values; of fewer no share says anything


@check("share of a column's values that could not be read and became missing",
       "`tessera quarantine show` lists them. Correct the files or the schema.",
       warn=0.001, fail=0.01, configured=True)
def lost_values(data: Data) -> Iterator[Measured]:
    for side, name, profile, _ in data.columns():
        lost, all_of_it = profile["lost"], profile["lost"] + profile["filled"]
        share = lost / all_of_it if all_of_it else 0.0
        if lost and all_of_it >= _FEW:
            yield Measured(side, name, share,
                           f"{lost:,} of {all_of_it:,} values could not be read and are missing"
                           f"{_most_frequent(data, side, name)}", lost, share)


@check("share of the lists' values that are gone or came up, of each row on average",
       "Find out whether lists are cut, or written with another separator.",
       warn=0.1, compares=True)
def shorter_lists(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns():
        now, then = profile.get("each", 0.0), before.get("each", 0.0)
        if now and then and min(profile["filled"], before["filled"]) >= 10 * _FEW:
            yield Measured(side, name, 1 - min(now, then) / max(now, then),
                           f"a row has {now:.2f} values on average, and had {then:.2f} in the last "
                           "run")


@check("increase of the share of rows without a value",
       "Find out why the source delivers fewer values of the column.",
       warn=0.1, fail=0.3, compares=True, by_row=True)
def missing_values(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns():
        if before and profile["filled"] and not profile.get("label"):
            yield Measured(side, name, profile["missing"] - before["missing"],
                           f"{profile['missing']:.1%} of the rows have no value, and "
                           f"{before['missing']:.1%} had none in the last run",
                           share=profile["missing"])


@check("whether a column without any value had some in the last run; 0.5 without a last run",
       "Deliver the column again; else take it out of the schema.",
       warn=0.4, fail=0.9)
def empty_column(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns():
        if profile["filled"] or not data.today["rows"][side] or profile.get("label"):
            continue
        read = any(name == feature.name for feature in data.spec.inputs(side))
        known = 1.0 if before.get("filled") else 0.0 if before else 0.5
        if read:
            yield Measured(side, name, known, "no row has a value, and models read the column",
                       data.today["rows"][side], 1.0)


@check("share of the most frequent value of a column, 0 where it was so in the last run",
       "Find out why all rows have one value; a default may have taken the place of the data.",
       warn=0.99, fail=None)
def constant_column(data: Data) -> Iterator[Measured]:
    for kind in ("numbers", "categorical"):
        for side, name, profile, before in data.columns(kind):
            label = data.today["columns"][side][name].get("label")
            if label or profile["count"] < _FEW or before.get("top_share", 0) > 0.99:
                continue
            yield Measured(side, name, profile["top_share"],
                           f"{profile['top_share']:.1%} of the values are the same one",
                           share=profile["top_share"])


@check("increase of the share of the most frequent value since the last run, beyond chance",
       "Find out whether a default took the place of the data.",
       warn=0.08, fail=None, compares=True)
def frequent_value(data: Data) -> Iterator[Measured]:
    for kind in ("numbers", "categorical", "texts"):
        for side, name, profile, before in data.columns(kind):
            counts = [one.get("count", one.get("looked", 0)) for one in (profile, before)]
            label = side == "interactions" and data.today["columns"][side][name].get("label")
            if min(counts) < _FEW or label:
                continue
            share, then = profile["top_share"], before["top_share"]
            yield Measured(side, name, share - then - by_chance(then, *counts),
                           f"{share:.1%} of the values are the same one, and {then:.1%} were in "
                           "the last run", round(share * counts[0]), share)


@check("share of the values that are categories which the last run did not have",
       "Ask the source what they are. If they are right, set another limit in the schema.",
       warn=0.1, fail=0.3, compares=True)
def new_categories(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns("categorical"):
        known = before.get("values", {})
        # A vocabulary that was cut does not say what is new.
        if not known or len(known) < before["distinct"] or profile["count"] < _FEW:
            continue
        either = {*known, *map(unnamed, known)}  # one of few users is without its name
        new = {value: count for value, count in profile["values"].items()
               if value not in either and unnamed(value) not in either}
        share = sum(new.values()) / profile["count"]
        shown = ", ".join([repr(value) for value in new if not is_unnamed(value)][:3])
        such = f", such as {shown}" if shown else ""
        yield Measured(side, name, share, f"{len(new):,} of {profile['distinct']:,} categories are "
                       f"new{such}", sum(new.values()), share)


def _most_frequent(data: Data, side: str, name: str) -> str:
    reasons = [one for one in data.reasons if one["table"] == side and one["kind"] == "value"
               and name in one["columns"]]
    if not reasons:
        return ""
    (example, *_) = reasons[0]["examples"]
    return f", such as {example['source']} line {example['line']}: {example['reason']}"


def _means(profile: dict[str, Any], before: dict[str, Any]) -> str:
    now, then = profile.get("numbers", {}), before.get("numbers", {})
    if "mean" not in now or "mean" not in then:
        return ""
    return f"; the mean is {now['mean']:.4g} and was {then['mean']:.4g}"


@check("Jensen-Shannon divergence of the distribution from that of the last run (TFDV), less what "
       "chance makes where values are rare; of many categories, of the frequent ones",
       "Compare the two distributions in the report; ask what changed in the source.",
       warn=0.1, fail=0.3, compares=True, by_row=True)
def distribution_shift(data: Data) -> Iterator[Measured]:
    for (side, name), value in data.drift.items():
        profile = data.today["columns"][side].get(name, {})
        before = (data.past or {})["columns"][side].get(name, {})
        if profile.get("label") and side == "interactions":
            continue
        if min(profile.get("filled", 0), before.get("filled", 0)) >= _FEW:
            yield Measured(side, name, divergence_beyond_chance(value, profile, before),
                           "the distribution of the values is another one than in the last "
                           f"run{_means(profile, before)}")


@check("share of the rows that lost their label since the last run; 0.25 where no row has one, "
       "without a last run",
       "Deliver the labels again; a model cannot be trained without them.",
       warn=0.1, fail=0.3)
def missing_labels(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns():
        if not profile.get("label") or not data.today["rows"][side]:
            continue
        if not profile["filled"]:  # which another recipe may not ask for
            value = 1.0 if before.get("filled") else 0.0 if before else 0.25
            yield Measured(side, name, value, "no row has the label", data.today["rows"][side], 1.0)
        elif before:
            yield Measured(side, name, profile["missing"] - before["missing"],
                           f"{profile['missing']:.1%} of the rows have no label, and "
                           f"{before['missing']:.1%} had none in the last run",
                           share=profile["missing"])


@check("whether a label has one value in all rows: 1, or 0.5 where it was so in the last run",
       "Find out why all labels are the same; there is nothing to learn from them.",
       warn=0.9, fail=None)
def constant_label(data: Data) -> Iterator[Measured]:
    yield from _constant(data, past_varied=False)


@check("whether a label that had several values in the last run has one now",
       "Find out what took the place of the labels; there is nothing to learn from them.",
       warn=None, fail=0.5, compares=True)
def label_became_constant(data: Data) -> Iterator[Measured]:
    yield from _constant(data, past_varied=True)


def _constant(data: Data, past_varied: bool) -> Iterator[Measured]:
    for kind in ("numbers", "categorical"):
        for side, name, profile, before in data.columns(kind):
            if (data.today["columns"][side][name].get("label") and profile["count"] >= _FEW
                    and profile["distinct"] == 1
                    and (before.get("distinct", 1) > 1) == past_varied):
                yield Measured(side, name, 1.0, "the label has the same value in all "
                               f"{profile['count']:,} rows that have one", profile["count"], 1.0)


@check("Jensen-Shannon divergence of a label's distribution from that of the last run (TFDV)",
       "Compare the shares of the label in the report; ask what changed in how it is collected.",
       warn=0.05, fail=0.15, compares=True, by_row=True)
def label_shift(data: Data) -> Iterator[Measured]:
    for (side, name), value in data.drift.items():
        profile = data.today["columns"][side].get(name, {})
        before = (data.past or {})["columns"][side].get(name, {})
        if profile.get("label") and side == "interactions":
            yield Measured(side, name, value, "the label is distributed otherwise than in the last "
                           f"run{_means(profile, before)}")


@check("share of a label's variance that one column explains alone, or of texts that spell it",
       "Take the column out of the schema, or deliver what was known before the event.",
       warn=0.9, fail=0.97)
def leaking_column(data: Data) -> Iterator[Measured]:
    for side, leaks in data.today["leaks"].items():
        worst: dict[str, dict[str, Any]] = {}  # a column is one finding, of several labels
        for one in sorted(leaks, key=lambda leak: leak["explained"]):
            worst[one["column"]] = one
        for one in worst.values():
            yield Measured(side, one["column"], one["explained"],
                           f"this column alone says what the label {one['label']} is, which nobody "
                           "knows before the event",
                           share=one["explained"])
