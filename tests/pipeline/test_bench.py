import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from pipeline import bench
from schemas.errors import TesseraError


def measured(
    seconds: float = 100.0, peak: float = 2000.0, process: float = 900.0, cached: bool = False
) -> bench.Measured:
    names = ("CatalogGen", "Transform.items", "baseline_model")
    return bench.Measured(seconds, process, {
        "peak_rss_mb": peak,
        "timings": {name: 1.5 for name in names},
        # The resolver runs each time; it is nothing that a cache could hold.
        "cached": {name: cached and name != "baseline_model" for name in names},
    })


def failed(limits: list[bench.Limit]) -> list[str]:
    return [limit.what for limit in limits if not limit.holds]


def printed(table: object) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_limits_hold_for_a_run_within_them() -> None:
    assert failed(bench.judge(measured(600.0, 6144.0), measured(60.0, cached=True))) == []


@pytest.mark.parametrize(
    ("first", "again", "expected"),
    [
        (measured(600.1), measured(1.0, cached=True), "run from nothing"),
        (measured(peak=6145.0), measured(1.0, cached=True), "its peak memory"),
        (measured(process=6145.0), measured(1.0, cached=True), "its peak memory"),
        (measured(), measured(60.1, cached=True), "unchanged run again"),
        (measured(), measured(1.0), "components that ran again"),
    ],
)
def test_each_limit_can_fail(first: bench.Measured, again: bench.Measured, expected: str) -> None:
    assert failed(bench.judge(first, again)) == [expected]


def test_tables_tell_components_limits_and_verdicts() -> None:
    first, again = measured(700.0), measured(2.0)
    assert "Transform.items" in printed(bench.run_table(first, again))
    lines = printed(bench.limit_table(bench.judge(first, again))).splitlines()
    assert any("700 s" in line and "600 s" in line and "NO" in line for line in lines)
    assert any("CatalogGen, Transform.items" in line and "NO" in line for line in lines)
    assert any("2000 MiB" in line and "yes" in line for line in lines)


def test_a_missing_folder_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = bench.main(["--data-dir", str(tmp_path / "nowhere")])
    assert code == 2
    assert capsys.readouterr().err == (
        f"bench: Folder {tmp_path / 'nowhere'} is missing. Give the one of MovieLens-100K.\n"
    )


def test_a_run_that_fails_is_no_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = subprocess.CompletedProcess([], returncode=3)
    monkeypatch.setattr(bench.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(TesseraError, match="ended with exit code 3"):
        bench.run_once(tmp_path, tmp_path / "root")


def test_a_run_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("tessera", timeout)

    monkeypatch.setattr(bench.subprocess, "run", run)
    with pytest.raises(TesseraError, match="more than 1800 s and was stopped"):
        bench.run_once(tmp_path, tmp_path / "root")
