"""Decides whether the data may be trained on."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.catalog_gen.splits import no_rows
from components.data_report.anomalies import read_anomalies
from components.data_report.quarantine import (
    grouped_reasons,
    lost_columns,
    quarantined_share,
    read_counts,
)
from components.verdict import Outcome
from schemas import SIDES, DataAnomalyError

_REASONS_SHOWN = 3
_LOST = 20  # fewer values, all of which a column lost, stop no run


class Executor(base_executor.BaseExecutor):
    """Stops the pipeline on bad data; unlike the checks of a model, by an exception."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the anomalies and the quarantine; writes `verdict` or raises."""
        uri = artifact_utils.get_single_uri
        anomalies = {side: uri(input_dict[f"{side}_anomalies"]) for side in SIDES}
        quarantine = uri(input_dict["quarantine"])
        limit = exec_properties["max_quarantine_share"]
        reasons = (anomaly_reasons(anomalies) + quarantine_reasons(quarantine, limit)
                   + split_reasons(quarantine))
        if reasons:
            page = Path(uri(input_dict["report"])) / "data_report.html"
            raise DataAnomalyError("data-not-trainable",
                                   "\n".join([
                "The data must not be trained on:", *(f"- {reason}" for reason in reasons),
                f"Correct the data or its schema. The data report has more: {page}",
            ]))
        counts = read_counts(quarantine)
        shares = {side: quarantined_share(counts[side]) for side in SIDES}
        Outcome(True, figures={"quarantined_share": shares}).save(
            uri(output_dict["verdict"]), "DataGate")


def anomaly_reasons(anomalies: dict[str, str]) -> list[str]:
    """Says what ExampleValidator found.

    Args:
      anomalies: Folder of each table's `ExampleAnomalies`.

    Returns:
      One sentence for each anomaly.
    """
    return [
        f"Table {a['table']}, split {a['split']}, "
        f"{'feature ' + a['feature'] if a['feature'] else 'all of it'}: {a['long'] or a['short']}"
        for table, uri in anomalies.items() for a in read_anomalies(table, uri)
    ]


def quarantine_reasons(uri: str, limit: float) -> list[str]:
    """Says which tables lost too many rows at ingest, and which columns all of their values.

    Args:
      uri: Folder of the `Quarantine`.
      limit: Largest share of rows that may be left out, or whose value a column may have lost with
        all others, 0 to 1.

    Returns:
      One sentence for each such column, and for each table above the limit, with its most
      frequent reasons.
    """
    counts = read_counts(uri)
    above = [side for side in SIDES if quarantined_share(counts[side]) > limit]
    lost = lost_columns(counts, _LOST, limit)
    if not above:
        return lost
    groups = grouped_reasons(uri, examples=1)
    return lost + [
        f"Table {side}: {counts[side]['quarantined']:,} of {counts[side]['read']:,} rows "
        f"({quarantined_share(counts[side]):.2%}) were quarantined, above the limit of "
        f"{limit:.2%}. {_most_frequent(groups, side)}"
        for side in above
    ]


def split_reasons(uri: str) -> list[str]:
    """Says which splits of the interactions have no row.

    Args:
      uri: Folder of the `Quarantine`.

    Returns:
      One sentence, or none.
    """
    counts = read_counts(uri)
    empty = [name for name, rows in counts["splits"].items() if not rows]
    return [no_rows(counts["split"], empty)] if empty else []


def _most_frequent(groups: list[dict[str, Any]], side: str) -> str:
    rows = [g for g in groups if g["table"] == side and g["kind"] == "row"][:_REASONS_SHOWN]
    shares = [
        f"{g['count']:,} x {g['reason'].rstrip('.')} (such as {g['examples'][0]['source']} "
        f"line {g['examples'][0]['line']})"
        for g in rows
    ]
    return f"Most frequent: {'; '.join(shares)}."
