"""Checks of hard rules: the schema, the quarantine, the splits, the ids."""

from collections.abc import Iterator
from typing import Any

from components.catalog_gen.splits import no_rows
from components.data_checks.check import Data, Measured, check
from schemas import SIDES

_REASONS_SHOWN = 3
_FEW = 20  # rows; of fewer no share says anything
_HIDDEN = "hidden: personal data"


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
       "`tessera quarantine show` lists them. Correct the files; only if these rows may be lost, "
       "raise checks.max_quarantine_share in the configuration.", fail=0.01, configured=True)
def quarantined_rows(data: Data) -> Iterator[Measured]:
    for side in SIDES:
        counts = data.today["counts"][side]
        if counts["read"]:
            share = counts["quarantined"] / counts["read"]
            yield Measured(side, "", share, f"{counts['quarantined']:,} of {counts['read']:,} rows "
                           f"({share:.2%}) were quarantined{_most_frequent_reasons(data, side)}",
                           counts["quarantined"], share)


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
    # A value here may be somebody's id, and a verdict goes to logs and to a webhook.
    shares = [f"{one['count']:,} x {one['reason'].rstrip('.')} (such as "
              f"{one['examples'][0]['source']} line {one['examples'][0]['line']})"
              for one in rows[:_REASONS_SHOWN]]
    return f", most often: {'; '.join(shares)}" if shares else ""


@check("share of ids below zero",
       "A negative id is mostly a mark of a missing one: correct the source.",
       warn=0.0, fail=None)
def negative_ids(data: Data) -> Iterator[Measured]:
    yield from _of_ids(data, "negative", "negative")


@check("share of ids that are a word for none, such as null",
       "Leave out these rows: what has no id becomes one user, or one item, of its own.",
       warn=0.0, fail=None)
def absent_ids(data: Data) -> Iterator[Measured]:
    yield from _of_ids(data, "absent", "words for none, such as null")


def _of_ids(data: Data, share: str, what: str) -> Iterator[Measured]:
    for side, name, profile, before in data.columns():
        if share in profile:
            yield Measured.beyond(before.get(share, 0.0), side, name, profile[share],
                                  profile["filled"], f"{profile[share]:.1%} of the ids are {what}")


@check("share of the ids that are another one but for case, marks and zeros, less that of the last "
       "run",
       "Write the ids of users and items in one way everywhere: one of them has two names now.",
       warn=0.01, fail=None)
def alike_ids(data: Data) -> Iterator[Measured]:
    yield from _shares_of_ids(data, "alike",
                              "ids are another one's but for case, marks or zeros")


@check("share of the users or items that are another one with an id of its own, less that of the "
       "last run",
       "Give each thing one id: its events are of several ids now.",
       warn=0.05, fail=None)
def copied_rows(data: Data) -> Iterator[Measured]:
    yield from _shares_of_ids(data, "copied", "rows are another one with an id of its own")


def _shares_of_ids(data: Data, share: str, what: str) -> Iterator[Measured]:
    for side, sample in data.today["ids"].items():
        rows, value = data.today["rows"][side], sample[share]
        usual = (data.past or {}).get("ids", {}).get(side, {}).get(share, 0.0)
        if rows >= _FEW:
            yield Measured.beyond(usual, side, data.spec.id_key(side).name, value, rows,
                                  f"{round(value * rows):,} of {rows:,} {what}")
