import json
import subprocess

import pytest
from refusals import refuses
from rich.console import Console

from benchmarks import bench
from benchmarks import ingest as bench_ingest
from benchmarks.ingest import Ingested


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


@pytest.mark.parametrize(
    ("first", "again", "expected"),
    [
        (measured(600.0, 6144.0), measured(60.0, cached=True), []),
        (measured(600.1), measured(1.0, cached=True), ["run from nothing"]),
        (measured(peak=6145.0), measured(1.0, cached=True), ["its peak memory"]),
        (measured(process=6145.0), measured(1.0, cached=True), ["its peak memory"]),
        (measured(), measured(60.1, cached=True), ["unchanged run again"]),
        (measured(), measured(1.0), ["components that ran again"]),
    ],
)
def test_limits(first, again, expected):
    assert failed(bench.judge(first, again)) == expected


def test_tables_show_components_limits_and_verdicts():
    first, again = measured(700.0), measured(2.0)
    assert "Transform.items" in printed(bench.run_table(first, again))
    lines = printed(bench.limit_table(bench.judge(first, again))).splitlines()
    assert any("700 s" in line and "600 s" in line and "NO" in line for line in lines)
    assert any("CatalogGen, Transform.items" in line and "NO" in line for line in lines)
    assert any("2000 MiB" in line and "yes" in line for line in lines)


def test_a_missing_folder_is_told_before_anything_runs(tmp_path, capsys):
    code = bench.main(["--data-dir", str(tmp_path / "nowhere")])
    assert code == 2
    message = capsys.readouterr().err
    assert message.startswith("bench: error[bench-no-data-folder]: ") and "nowhere" in message


def test_a_run_that_fails_or_does_not_end_is_no_measurement(tmp_path, monkeypatch):
    done = subprocess.CompletedProcess([], returncode=3)
    monkeypatch.setattr(bench.subprocess, "run", lambda *_, **__: done)
    with refuses("bench-run-failed", "exit code 3"):
        bench.run_once(tmp_path, tmp_path / "root")

    def run(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("tessera", timeout)

    monkeypatch.setattr(bench.subprocess, "run", run)
    with refuses("bench-run-too-long", "1800 s"):
        bench.run_once(tmp_path, tmp_path / "root")


def ingested(rows: int, cpu: float, peak: float = 900.0) -> Ingested:
    return Ingested(rows, 2 * cpu, cpu, peak, rows)


@pytest.mark.parametrize(("last", "expected"), [
    (ingested(10_000_000, 350.0), []),
    (ingested(10_000_000, 35 * 10**1.09, 4096.0), []),
    (ingested(10_000_000, 35 * 10**1.11), ["its CPU time grows with rows to the power"]),
    (ingested(10_000_000, 350.0, 4097.0), ["peak memory of ingest, 10,000,000 rows"]),
])
def test_limits_of_ingest(last, expected):
    assert failed(bench.judge_ingest([ingested(1_000_000, 35.0), last])) == expected


def test_ingest_is_measured_on_tables_made_up_in_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_ingest, "_BATCH", 900)
    bench_ingest.write_tables(tmp_path / "data", 3_000)
    files = {side: len(list((tmp_path / "data" / side).iterdir()))
             for side in ("users", "items", "interactions")}
    assert files == {"users": 1, "items": 1, "interactions": 4}
    result = bench_ingest.run_ingest(tmp_path / "data", tmp_path / "out")
    assert result["seconds"] > 0 and result["cpu_seconds"] > 0
    events = result["counts"]["interactions"]
    assert events["read"] == 3_000 == events["kept"] + events["quarantined"]
    assert 0 < events["quarantined"] < 20
    assert result["counts"]["users"]["kept"] == 300
    assert not list(tmp_path.glob("out/quarantine/.ingest-*"))


def test_ingest_alone_needs_no_folder(monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", lambda rows: ingested(rows, rows / 30_000))
    assert bench.main(["--ingest", "--rows", "20000", "1000"]) == 0
    assert "1.00" in capsys.readouterr().out
    monkeypatch.setattr(bench, "measure", lambda rows: ingested(rows, rows / 30_000, 5000.0))
    assert bench.main(["--ingest", "--rows", "1000"]) == 1


def test_an_ingest_that_fails_is_no_measurement(monkeypatch, capsys):
    monkeypatch.setattr(bench_ingest, "write_tables", lambda folder, rows: None)
    done = subprocess.CompletedProcess([], returncode=2, stdout="")
    monkeypatch.setattr(bench_ingest.subprocess, "run", lambda *_, **__: done)
    assert bench.main(["--ingest", "--rows", "1000"]) == 1
    assert "Ingest of 1,000 rows failed" in capsys.readouterr().err
    counts = {"interactions": {"read": 999, "kept": 999, "quarantined": 0}}
    done = subprocess.CompletedProcess([], returncode=0, stdout=json.dumps(
        {"seconds": 1.0, "cpu_seconds": 1.0, "counts": counts}) + "\n")
    assert bench.main(["--ingest", "--rows", "1000"]) == 1
    assert "Ingest of 1,000 rows lost some" in capsys.readouterr().err
