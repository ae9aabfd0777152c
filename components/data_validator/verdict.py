"""The verdict on a run's data: one object, which the report shows and the gate acts on."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from components.data_checks import Example, Finding, Severity

_FILE = "data_verdict.json"
OK = "OK"


@dataclass(frozen=True)
class DataVerdict:
    """What was found in a run's data.

    Attributes:
      findings: All findings, the worst first.
      past: Ids of the runs that the data were compared with, the newest first; `None` where there
        was none.
      limits: The limits in force, by check: `{"warn", "fail"}`, `None` for one that there is not.
      changes: The figures of both runs, see `components.data_validator.drift`.
      run: Id of the run whose data were judged.
      days: Events by day since 1970, of both runs: `{"past", "today"}`.
      labels: Events with a label and the sum of its values, by label and day, of both runs.
      moment: When the data were judged, in seconds since 1970.
      own_limits: The limits that the schema sets, `{"check", "table", "column", "warn", "fail"}`.
      distributions: Bars of the numbers of both runs, by table and column: `{"past", "today"}`,
        see `components.data_profile.bars`.
    """

    findings: tuple[Finding, ...]
    past: str | None
    limits: dict[str, dict[str, float | None]]
    changes: list[dict[str, Any]] = field(default_factory=list)
    run: str = ""
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    labels: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    moment: int | None = None
    own_limits: list[dict[str, Any]] = field(default_factory=list)
    distributions: dict[str, dict[str, dict[str, list[dict[str, float]]]]] = field(
        default_factory=dict)

    @property
    def verdict(self) -> str:
        """`"OK"`, `"WARN"` or `"FAIL"`: the worst of the findings."""
        worst = max((one.severity for one in self.findings), key=lambda one: one.rank,
                    default=Severity.INFO)
        return OK if worst is Severity.INFO else str(worst)

    def of(self, severity: Severity) -> list[Finding]:
        """Returns the findings of a severity."""
        return [one for one in self.findings if one.severity is severity]

    @property
    def headline(self) -> str:
        """How many findings there are, such as `"2 failures, 1 warning"`."""
        parts = [f"{count} {name if count == 1 else name + 's'}"
                 for severity, name in ((Severity.FAIL, "failure"), (Severity.WARN, "warning"))
                 if (count := len(self.of(severity)))]
        return ", ".join(parts) or "no findings"

    def as_json(self) -> dict[str, Any]:
        """Returns the verdict as plain values."""
        return {"verdict": self.verdict, **asdict(self)}

    def save(self, uri: str) -> None:
        """Writes the verdict into a `DataVerdict` artifact's folder."""
        Path(uri).mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.as_json(), indent=1, allow_nan=False)
        (Path(uri) / _FILE).write_text(text, encoding="utf-8")

    @staticmethod
    def load(uri: str) -> "DataVerdict":
        """Reads the verdict from a `DataVerdict` artifact's folder."""
        read = json.loads((Path(uri) / _FILE).read_text(encoding="utf-8"))
        findings = tuple(Finding(**{
            **one, "severity": Severity(one["severity"]),
            "examples": tuple(Example(**example) for example in one["examples"])})
            for one in read["findings"])
        return DataVerdict(findings, read["past"], read["limits"], read["changes"],
                           read["run"], read["days"], read["labels"], read["moment"],
                           read["own_limits"], read["distributions"])


def unread(code: str, text: str, run: str, moment: int) -> DataVerdict:
    """Returns the verdict on data that could not be read, or not as far as to be judged.

    Args:
      code: The error's.
      text: What it says.
      run: Id of the run.
      moment: The present second.
    """
    return DataVerdict((Finding(
        code, Severity.FAIL, "", "", None, None, text.rstrip("."),
        "Correct the data or what the message names, or ask their source to deliver them again; "
        "then run again. Until then the served model stays as it is."),), None, {}, run=run,
        moment=moment)


def sentence(finding: Finding) -> str:
    """Returns a finding as one line: where, what, the value and the limit, and what to do."""
    where = (f"Table {finding.table}" if finding.table else "All data") + (
        f", column {finding.column}" if finding.column else "")
    value = ("" if finding.value is None or finding.threshold is None
             else f" {finding.value:.4g} > {finding.threshold:.4g}")
    return f"{where}: {finding.what} ({finding.check}{value}). {finding.action}"
