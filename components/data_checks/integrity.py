"""Checks of ids: negative ones, and ids that mean something else than they did."""

from collections.abc import Iterator
from typing import Any

from components.data_checks.check import Data, Measured, check

_FEW = 20  # ids; of fewer no share says anything


@check("share of ids below zero",
       "A negative id is mostly a mark of a missing one: correct the source.",
       warn=0.0, fail=None)
def negative_ids(data: Data) -> Iterator[Measured]:
    for side, name, profile, before in data.columns():
        if "negative" in profile:
            share = profile["negative"]
            yield Measured(side, name, share - before.get("negative", 0.0),
                           f"{share:.1%} of the ids are negative",
                           round(share * profile["filled"]), share)


@check("share of the ids of both runs whose whole content is another one",
       "Give new things new ids; a model that knows the old ones would mistake them.",
       warn=0.1, fail=0.3, compares=True)
def reused_ids(data: Data) -> Iterator[Measured]:
    for side, sample, before in _samples(data):
        both = sample["contents"].keys() & before["contents"].keys()
        compared = changed = 0
        for key in both:
            now, then = sample["contents"][key], before["contents"][key]
            columns = now.keys() & then.keys()
            compared += bool(columns)
            changed += bool(columns) and all(now[one] != then[one] for one in columns)
        if compared >= _FEW:
            yield Measured(side, data.spec.id_key(side).name, changed / compared,
                           f"{changed:,} of {compared:,} ids that both runs have are of other "
                           f"{side} now", changed, changed / compared)


@check("share of the ids of the last run that are gone",
       "Check whether ids are written in another form, and that all rows arrived.",
       warn=0.3, fail=0.8, compares=True)
def replaced_ids(data: Data) -> Iterator[Measured]:
    for side, sample, before in _samples(data):
        end = min(int(sample["largest"], 16), int(before["largest"], 16))
        then = {key for key in before["contents"] if int(key, 16) <= end}
        if len(then) >= _FEW:
            gone = len(then - sample["contents"].keys()) / len(then)
            yield Measured(side, data.spec.id_key(side).name, gone,
                           f"{gone:.1%} of the {side} of the last run are gone", share=gone)


def _samples(data: Data) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for side, sample in data.today["ids"].items():
        before = (data.past or {}).get("ids", {}).get(side)
        if before:
            yield side, sample, before
