"""From measured values to findings."""

from collections.abc import Iterable, Iterator, Sequence

from components.data_checks.check import CHECKS, Check, Data, Finding, Severity
from schemas import SIDES, FeatureSpec, unknown


def judge(data: Data) -> list[Finding]:
    """Asks all checks.

    Args:
      data: The profiles, and what else checks look at.

    Returns:
      The findings, the worst first.
    """
    found = [finding for one in CHECKS.values() if data.past is not None or not one.compares
             for finding in _found(one, data)]
    if data.past is None:
        found.append(Finding(
            "no_past", Severity.INFO, "interactions", "", None, None,
            "there is no blessed run before this one, so that the data were compared with nothing",
            "Look at the figures of this first run yourself."))
    return _sorted(found)


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
    return sorted(findings, key=lambda one: (-one.severity.rank, SIDES.index(one.table),
                                             one.column, one.check))


def _found(check: Check, data: Data) -> Iterator[Finding]:
    for one in check.measure(data):
        limits = check.limits(data.spec, one)
        above = [severity for severity, limit in limits.items() if one.value > limit]
        if above:
            worst = max(above, key=lambda severity: severity.rank)
            yield Finding(check.name, worst, one.table, one.column, float(one.value),
                          limits[worst], one.what, check.action, one.count, one.share)


def require_known_checks(spec: FeatureSpec) -> None:
    """Refuses a schema that sets limits of a check that there is not.

    Raises:
      InputError: It does.
    """
    for feature in spec.features:
        for name, *_ in feature.limits:
            if name not in CHECKS:
                raise unknown("check of data", name, CHECKS)
