"""Checks of hard rules: the schema, the quarantine, the splits, the ids."""

from collections.abc import Iterator
from typing import Any

from components.catalog_gen.splits import no_rows
from components.data_checks.check import Data, Measured, check
from schemas import SIDES

_REASONS_SHOWN = 3
_HIDDEN = "hidden: personal data"
_FEW = 20  # ids; of fewer no share says anything


@check("whether TFDV found the column to disagree with the schema",
       "Correct the data; if they are right, widen the schema.", fail=0.5)
def schema_anomaly(data: Data) -> Iterator[Measured]:
    personal = {(f.side, f.name) for f in data.spec.features if f.pii}
    for one in data.anomalies:
        description = one["long"] or one["short"]
        if (one["table"], one["feature"]) in personal:
            description = _HIDDEN
        yield Measured(one["table"], one["feature"], 1.0,
                       f"split {one['split']}: {description.rstrip('.')}")


@check("share of a table's rows that ingest left out",
       "Open the quarantine: it has the reasons. Correct the files, or raise "
       "checks.max_quarantine_share knowing what is lost.", fail=0.01)
def quarantined_rows(data: Data) -> Iterator[Measured]:
    for side in SIDES:
        counts = data.today["counts"][side]
        if counts["read"]:
            share = counts["quarantined"] / counts["read"]
            yield Measured(side, "", share, f"{counts['quarantined']:,} of {counts['read']:,} rows "
                           f"({share:.2%}) were quarantined{_most_frequent_reasons(data, side)}",
                           counts["quarantined"], share, data.max_lost)


@check("how many splits of the interactions have no row",
       "Deliver more events, or split them otherwise.", fail=0.5)
def empty_split(data: Data) -> Iterator[Measured]:
    counts: dict[str, Any] = data.today["counts"]
    empty = [name for name, rows in counts["splits"].items() if not rows]
    if empty:
        yield Measured("interactions", "", len(empty),
                       no_rows(counts["split"], empty).rstrip("."), len(empty))


def _most_frequent_reasons(data: Data, side: str) -> str:
    rows = [one for one in data.reasons if one["table"] == side and one["kind"] == "row"]
    shares = [f"{one['count']:,} x {one['reason'].rstrip('.')} (such as "
              f"{one['examples'][0]['source']} line {one['examples'][0]['line']})"
              for one in rows[:_REASONS_SHOWN]]
    return f", most often: {'; '.join(shares)}" if shares else ""


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
