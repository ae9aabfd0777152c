"""Checks of hard rules: the schema, the quarantine, the splits."""

from collections.abc import Iterator
from typing import Any

from components.catalog_gen.splits import no_rows
from components.data_checks.check import Data, Measured, check
from schemas import SIDES

_REASONS_SHOWN = 3
_HIDDEN = "hidden: personal data"


@check("whether TFDV found the column to disagree with the schema",
       "Correct the data; if they are right, widen the schema.", fail=0.5)
def schema_anomaly(data: Data) -> Iterator[Measured]:
    personal = {(f.side, f.name) for f in data.spec.features if f.pii}
    for one in data.anomalies:
        said = one["long"] or one["short"]
        if (one["table"], one["feature"]) in personal:
            said = _HIDDEN
        yield Measured(one["table"], one["feature"], 1.0,
                       f"split {one['split']}: {said.rstrip('.')}")


@check("share of a table's rows that ingest left out",
       "Open the quarantine: it has the reasons. Correct the files, or raise "
       "checks.max_quarantine_share knowing what is lost.", fail=0.01)
def quarantined_rows(data: Data) -> Iterator[Measured]:
    for side in SIDES:
        counts = data.today["counts"][side]
        if counts["read"]:
            share = counts["quarantined"] / counts["read"]
            yield Measured(side, "", share, f"{counts['quarantined']:,} of {counts['read']:,} rows "
                           f"({share:.2%}) were quarantined{_most_frequent(data, side)}",
                           counts["quarantined"], share, data.max_lost)


@check("how many splits of the interactions have no row",
       "Deliver more events, or split them otherwise.", fail=0.5)
def empty_split(data: Data) -> Iterator[Measured]:
    counts: dict[str, Any] = data.today["counts"]
    empty = [name for name, rows in counts["splits"].items() if not rows]
    if empty:
        yield Measured("interactions", "", len(empty),
                       no_rows(counts["split"], empty).rstrip("."), len(empty))


def _most_frequent(data: Data, side: str) -> str:
    rows = [one for one in data.reasons if one["table"] == side and one["kind"] == "row"]
    shares = [f"{one['count']:,} x {one['reason'].rstrip('.')} (such as "
              f"{one['examples'][0]['source']} line {one['examples'][0]['line']})"
              for one in rows[:_REASONS_SHOWN]]
    return f", most often: {'; '.join(shares)}" if shares else ""
