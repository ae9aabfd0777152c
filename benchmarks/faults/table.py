"""`make faults`: seeds each fault, validates, and prints what was expected and what was found."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pipeline.environment  # noqa: F401  (before TensorFlow)
from benchmarks.faults.kinds import FAULTS, Fault
from benchmarks.faults.shop import Shop
from benchmarks.faults.validation import validated
from components.data_checks import Severity
from components.sources.demo import write_demo
from schemas import TesseraError, read_spec

_NOW = 1_796_000_000  # the clock of all runs: the end of 2026


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
      fault: The fault, or what is clean.
      expected: What should be found.
      found: Warnings and failures that were found, by check; the worst of each.
      right: Whether the right check found it, at the right severity.
    """

    fault: str
    expected: str
    found: dict[str, str]
    right: bool


def rows(base: Shop, scratch: Path, faults: list[Fault]) -> Iterator[Row]:
    """Yields the line of each fault.

    Args:
      base: The clean shop, whose data are the past.
      scratch: Folder for what is written.
      faults: What to seed.
    """
    bases = {True: base, False: base.without_media()}
    pasts = {}
    for media in sorted({fault.media for fault in faults}):
        folder = scratch / f"clean-{media}"
        pasts[media] = folder / "out" / "profile"
        validated(bases[media].copy(folder / "shop").write(), bases[media].spec, folder / "out",
                  _NOW)
    for place, fault in enumerate(sorted(faults, key=lambda one: one.media)):
        folder = scratch / f"fault-{place}"
        shop = bases[fault.media].copy(folder / "shop")
        fault.seed(shop)
        found = _found(shop, folder / "out", None if fault.alone else pasts[fault.media])
        shutil.rmtree(folder)
        named = {found[name] for name in fault.checks & found.keys()}
        yield Row(fault.name, f"{fault.severity} {' / '.join(sorted(fault.checks))}", found,
                  fault.severity in named)


def _found(shop: Shop, out: Path, past: Path | None) -> dict[str, str]:
    try:
        verdict = validated(shop.write(), shop.spec, out, _NOW, past)
    except TesseraError as error:  # the run ends before validation
        return {"error": str(Severity.FAIL), error.code: str(Severity.FAIL)}
    found: dict[str, str] = {}
    for one in verdict.findings:  # the worst first
        if one.severity is not Severity.INFO:
            found.setdefault(one.check, str(one.severity))
    return found


def main() -> int:
    """Prints the table; returns 1 where a fault was not found."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [one for one in FAULTS if wanted in one.name]
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        write_demo(Path(scratch, "demo"))
        base = Shop.read(Path(scratch, "demo"), read_spec("demo"))
        for row in rows(base, Path(scratch), chosen):
            missed += not row.right
            found = ", ".join(f"{severity} {name}" for name, severity in row.found.items())
            print(f"{'ok  ' if row.right else 'MISS'} | {row.fault:<52} | {row.expected:<52} | "
                  f"{found or '-'}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} faults were found under the right name and "
          f"at the right severity ({time.strftime('%H:%M:%S')}).")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
