"""`make faults`: seeds each fault, validates, and prints what was expected and what was found."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pipeline.process  # noqa: F401  (before TensorFlow)
from benchmarks.faults import media, partial, rows, values  # noqa: F401  (they add to the list)
from benchmarks.faults.clean import resamples, spans
from benchmarks.faults.days import until
from benchmarks.faults.fault import FAULTS, Fault
from benchmarks.faults.shop import Shop
from benchmarks.faults.validation import validated
from components.data_checks import Severity
from components.sources import open_source
from components.sources.demo import write_demo
from schemas import TesseraError, read_spec

_DATA = Path(os.environ.get("TESSERA_DATA", Path(__file__).parents[3] / "shared" / "data"))
_RESAMPLES = 20
_USERS = 4  # of MovieLens one of so many is taken
_NOW = 1_796_000_000  # the clock of all runs: the end of 2026


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
      fault: The fault, or what is clean.
      expected: What should be found.
      findings: Warnings and failures that were found, by check; the worst of each.
      right: Whether the right check found it, at the right severity.
    """

    fault: str
    expected: str
    findings: dict[str, str]
    right: bool


class Bench:
    """Seeds faults in a shop, with and without its media, and validates what comes of it."""

    def __init__(self, base: Shop, scratch: Path):
        """Names the clean shop, whose data are the past, and a folder for what is written."""
        self._bases = {True: base, False: base.without_media()}
        self._scratch = scratch

    def faults(self, faults: list[Fault]) -> Iterator[Row]:
        """Yields the line of each fault, those without media first."""
        for place, fault in enumerate(sorted(faults, key=lambda one: one.media)):
            folder = self._scratch / f"fault-{place}"
            shop = self._bases[fault.media].copy(folder / "shop")
            try:
                fault.seed(shop)
            except LookupError:  # there is no such column
                continue
            findings = _findings(shop, folder / "out",
                                 None if fault.alone else self._past(fault.media, fault.days))
            shutil.rmtree(folder)
            named = {findings[name] for name in fault.checks & findings.keys()}
            yield Row(fault.name, f"{fault.severity} {' / '.join(sorted(fault.checks))}", findings,
                      fault.severity in named)

    def clean(self, count: int) -> Iterator[Row]:
        """Yields the line of each clean shop: resamples against the whole, spans one by one."""
        for name, shop in resamples(self._bases[False], self._scratch, count):
            yield self._clean(name, shop, self._past(False))
        before = None
        for name, shop in spans(self._bases[False], self._scratch):
            yield self._clean(name, shop, before)
            before = shop.folder / "out" / "profile"

    def _clean(self, name: str, shop: Shop, past: Path | None) -> Row:
        findings = _findings(shop, shop.folder / "out", past)
        return Row(name, "nothing", findings, not findings)

    def _past(self, with_media: bool, days: int = 0) -> Path:
        folder = self._scratch / f"clean-{with_media}-{days}"
        if not folder.exists():
            base = self._bases[with_media]
            shop = base.copy(folder / "shop")
            until(days)(shop)
            validated(shop.write(), base.spec, folder / "out", _NOW)
        return folder / "out" / "profile"


def _findings(shop: Shop, out: Path, past: Path | None) -> dict[str, str]:
    try:
        verdict = validated(shop.write(), shop.spec, out, _NOW, past)
    except TesseraError as error:  # the run ends before validation
        return {"error": str(Severity.FAIL), error.code: str(Severity.FAIL)}
    findings: dict[str, str] = {}
    for one in verdict.findings:  # the worst first
        if one.severity is not Severity.INFO:
            findings.setdefault(one.check, str(one.severity))
    return findings


def main() -> int:
    """Prints the table; returns 1 where a fault was not found, or a clean shop is suspected."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [one for one in FAULTS if wanted in one.name]
    with tempfile.TemporaryDirectory() as scratch:
        results = [_on(name, base, Path(scratch, name), chosen, 0 if wanted else _RESAMPLES)
                   for name, base in _shops(Path(scratch))]
    return int(not all(results))


def _shops(scratch: Path) -> Iterator[tuple[str, Shop]]:
    write_demo(scratch / "files")
    yield "demo", Shop.read(open_source("demo", str(scratch / "files")), read_spec("demo"), 2)
    movielens = _DATA / "ml100k_multimodal"
    if movielens.is_dir():
        source = open_source("movielens-100k", str(movielens))
        yield "MovieLens", Shop.read(source, read_spec("movielens"), _USERS)


def _on(name: str, base: Shop, scratch: Path, faults: list[Fault], resampled: int) -> bool:
    bench = Bench(base, scratch)
    print(name, flush=True)
    seeded = [_printed(row) for row in bench.faults(faults)]
    clean = [_printed(row) for row in bench.clean(resampled)] if resampled else []
    print(f"{name}: {sum(seeded)} of {len(seeded)} faults were found under the right name and at "
          f"the right severity; {clean.count(False)} false alarms on {len(clean)} clean shops.",
          flush=True)
    return all([*seeded, *clean])


def _printed(row: Row) -> bool:
    findings = ", ".join(f"{severity} {name}" for name, severity in row.findings.items())
    print(f"{'ok  ' if row.right else 'MISS'} | {row.fault:<50} | {row.expected:<48} | "
          f"{findings or '-'}", flush=True)
    return row.right


if __name__ == "__main__":
    sys.exit(main())
