"""Checks of labels: without them, or with wrong ones, nothing can be learned."""

from collections.abc import Iterator

from components.data_checks.check import Data, Measured, check

_FEW = 20


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
       warn=0.05, fail=0.15, compares=True)
def label_shift(data: Data) -> Iterator[Measured]:
    for (side, name), value in data.drift.items():
        profile = data.today["columns"][side].get(name, {})
        before = (data.past or {})["columns"][side].get(name, {})
        if profile.get("label") and side == "interactions":
            numbers, past = profile.get("numbers", {}), before.get("numbers", {})
            means = (f"; the mean is {numbers['mean']:.4g} and was {past['mean']:.4g}"
                     if "mean" in numbers and "mean" in past else "")
            yield Measured(side, name, value,
                           f"the label is distributed otherwise than in the last run{means}")


@check("share of a label's variance that one column explains alone, or of texts that spell it",
       "Take the column out of the schema, or deliver what was known before the event.",
       warn=0.9, fail=0.97)
def leaking_column(data: Data) -> Iterator[Measured]:
    for side, found in data.today["leaks"].items():
        for one in found:
            yield Measured(side, one["column"], one["explained"],
                           f"the column says alone what the label {one['label']} is",
                           share=one["explained"])
