"""What a check on data is, the registry of all that there are, and their findings."""

import enum
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from components.data_checks.examples import Example, examples
from schemas import SIDES, FeatureSpec, unknown


class Severity(enum.StrEnum):
    """What a finding means: for information, a warning, or the end of the run."""

    INFO = "info"
    WARN = "WARN"
    FAIL = "FAIL"

    @property
    def rank(self) -> int:
        """Its place, the worst last."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Data:
    """What a check looks at.

    Attributes:
      spec: The dataset's spec.
      today: The profile of this run's data, see `components.data_profile.component`.
      past: That of the last blessed run, `None` where there is none.
      drift: How far the distribution of a column is from that of the past, by table and column:
        the Jensen-Shannon divergence, 0 to 1, as TFDV measures it.
      max_lost: Share of a column's values, or of a table's rows, that may be left out.
      anomalies: What TFDV found against the schema, see `components.data_validator.component`.
      reasons: What ingest left out, see `components.quarantine.grouped_reasons`.
    """

    spec: FeatureSpec
    today: dict[str, Any]
    past: dict[str, Any] | None
    drift: dict[tuple[str, str], float]
    max_lost: float
    anomalies: Sequence[dict[str, Any]] = ()
    reasons: Sequence[dict[str, Any]] = ()

    @property
    def time_column(self) -> str:
        """The name of the events' time; empty where they have none."""
        return self.spec.role("timestamp").name if self.spec.has_role("timestamp") else ""

    def columns(self, kind: str = "") -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
        """Yields table, name, today's profile and that of the past, empty where it lacks one.

        Args:
          kind: Only columns whose profile of today has this part, such as `"numbers"`; the parts
            are given instead of the whole profiles.
        """
        for side, columns in self.today["columns"].items():
            for name, profile in columns.items():
                before = (self.past or {}).get("columns", {}).get(side, {}).get(name, {})
                if not kind:
                    yield side, name, profile, before
                elif kind in profile:
                    yield side, name, profile[kind], before.get(kind, {})

    def increases(self, kind: str, share: str,
                  few: int) -> Iterator[tuple[str, str, float, int, float]]:
        """Yields table, column, a share less that of the past, number looked at, and the share.

        Args:
          kind: The part of a profile that has the share.
          share: Its name.
          few: Columns of fewer values looked at are left out.
        """
        for side, name, profile, before in self.columns(kind):
            if profile["looked"] >= few:
                yield (side, name, profile[share] - before.get(share, 0.0), profile["looked"],
                       profile[share])


@dataclass(frozen=True)
class Measured:
    """A value that a check measured.

    Attributes:
      table: The table.
      column: The column, which has the tags that set limits.
      value: What is compared with the limits.
      what: What is wrong if it is above one, as a sentence without a full stop.
      count: How many rows or values are concerned, `None` where that has no meaning.
      share: Their share, 0 to 1, likewise.
    """

    table: str
    column: str
    value: float
    what: str
    count: int | None = None
    share: float | None = None

    @classmethod
    def beyond(cls, usual: float, table: str, column: str, share: float, rows: int,
               what: str) -> "Measured":
        """Returns a share of so many rows, of which only what is above the usual one counts."""
        return cls(table, column, share - usual, what, round(share * rows), share)


@dataclass(frozen=True)
class Finding:
    """A measured value above a limit.

    Attributes:
      check: Name of the check.
      severity: What it means.
      table: The table.
      column: The column; empty where it concerns the table.
      value: What was measured.
      threshold: The limit that it is above, `None` where there is no number.
      what: What is wrong, as a sentence without a full stop.
      action: What to do.
      count: How many rows or values are concerned, if that has a meaning.
      share: Their share, 0 to 1, likewise.
      examples: Rows of which it is true.
    """

    check: str
    severity: Severity
    table: str
    column: str
    value: float | None
    threshold: float | None
    what: str
    action: str
    count: int | None = None
    share: float | None = None
    examples: tuple[Example, ...] = ()


Measure = Callable[[Data], Iterator[Measured]]


@dataclass(frozen=True)
class Check:
    """A check on data.

    Attributes:
      name: Its name, as findings and schemas have it.
      meaning: What is measured, as a phrase.
      action: What to do about a finding.
      warn: Value above which a finding is a warning, `None` for never.
      fail: Value above which it stops the run, `None` for never.
      measure: Yields what it measures.
      compares: Whether it needs the past.
      by_row: Whether rows whose value is another one than in the past are examples of a finding.
      configured: Whether `checks.max_quarantine_share` of the configuration takes the place of
        `fail`.
      explains: Whether what it finds is the reason of what others find, which come after it.
    """

    name: str
    meaning: str
    action: str
    warn: float | None
    fail: float | None
    measure: Measure
    compares: bool
    by_row: bool
    configured: bool
    explains: bool

    def usual(self, max_lost: float) -> dict[Severity, float]:
        """Returns the limits where a schema sets none; `max_lost` is the configuration's."""
        both = {Severity.WARN: self.warn, Severity.FAIL: max_lost if self.configured else self.fail}
        return {severity: limit for severity, limit in both.items() if limit is not None}

    def limits(self, data: Data, table: str, column: str) -> dict[Severity, float]:
        """Returns the limits of a column: the schema's, else the configuration's or the usual."""
        limits = self.usual(data.max_lost)
        for feature in data.spec.table(table):
            if feature.name == column:
                limits |= {Severity(severity): limit for name, severity, limit in feature.limits
                           if name == self.name}
        return limits


CHECKS: dict[str, Check] = {}


def check(meaning: str, action: str, *, warn: float | None = None, fail: float | None = None,
          compares: bool = False, by_row: bool = False, configured: bool = False,
          explains: bool = False) -> Callable[[Measure], Check]:
    """Registers a function as a check of its name; see `Check` for the arguments."""
    def register(measure: Measure) -> Check:
        name = measure.__name__
        CHECKS[name] = Check(name, meaning, action, warn, fail, measure, compares, by_row,
                             configured, explains)
        return CHECKS[name]

    return register


def judge(data: Data) -> list[Finding]:
    """Asks all checks.

    Args:
      data: The profiles, and what else checks look at.

    Returns:
      The findings, the worst first.
    """
    findings = [finding for one in CHECKS.values() if data.past is not None or not one.compares
                for finding in _findings_of(one, data)]
    if data.past is None:
        findings.append(Finding(
            "no_past", Severity.INFO, "interactions", "", None, None,
            "there is no blessed run of other data before this one, so that the data were compared "
            "with nothing",
            "Look at the figures of this first run yourself."))
    return _sorted(findings)


def nearest(compared: Sequence[Sequence[Finding]]) -> list[Finding]:
    """Returns what was found against each of several pasts, as the mildest of them has it.

    Args:
      compared: The findings of `judge` against each past; one at least.
    """
    grouped = [_grouped(findings) for findings in compared]
    return _sorted(one for place in grouped[0] if all(place in groups for groups in grouped)
                   for one in min((groups[place] for groups in grouped), key=_badness))


def _grouped(findings: Sequence[Finding]) -> dict[tuple[str, str, str], list[Finding]]:
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.check, one.table, one.column), []).append(one)
    return groups


def _badness(findings: Sequence[Finding]) -> tuple[int, float]:
    return max((one.severity.rank, one.value or 0.0) for one in findings)


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    # By check within a severity: what is wrong in the files comes before what follows of it.
    places = {one.name: (not one.explains, place) for place, one in enumerate(CHECKS.values())}
    return sorted(findings, key=lambda one: (
        -one.severity.rank, places.get(one.check, (True, len(places))), SIDES.index(one.table),
        one.column))


def _findings_of(check: Check, data: Data) -> Iterator[Finding]:
    for one in check.measure(data):
        limits = check.limits(data, one.table, one.column)
        above = [severity for severity, limit in limits.items() if one.value > limit]
        if above:
            worst = max(above, key=lambda severity: severity.rank)
            yield Finding(check.name, worst, one.table, one.column, float(one.value),
                          limits[worst], one.what, check.action, one.count, one.share,
                          examples(data.spec, data.today, data.past, one.table, one.column)
                          if check.by_row and data.past else ())


def limits_in_force(data: Data) -> dict[str, Any]:
    """Returns the limits that hold, `None` for one that there is not.

    Returns:
      `limits`, by check `{"warn", "fail"}`; and `own_limits`, of each column for which the schema
      sets others `{"check", "table", "column", "warn", "fail"}`.
    """
    own = [{"check": name, "table": feature.side, "column": feature.name,
            **_plain(CHECKS[name].limits(data, feature.side, feature.name))}
           for feature in data.spec.features
           for name in dict.fromkeys(name for name, *_ in feature.limits)]
    return {"limits": {name: _plain(one.usual(data.max_lost)) for name, one in CHECKS.items()},
            "own_limits": own}


def _plain(limits: dict[Severity, float]) -> dict[str, float | None]:
    return {str(one).lower(): limit if math.isfinite(limit := limits.get(one, math.inf)) else None
            for one in (Severity.WARN, Severity.FAIL)}


def require_known_checks(spec: FeatureSpec) -> None:
    """Refuses a schema that sets limits of a check that there is not.

    Raises:
      InputError: It does.
    """
    for feature in spec.features:
        for name, *_ in feature.limits:
            if name not in CHECKS:
                raise unknown("check of data", name, CHECKS)
