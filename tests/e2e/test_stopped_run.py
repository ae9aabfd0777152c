"""A run that stops at bad data: exit code 3, the anomalies by name, and its report all the same."""

import csv
import json
import sys

import pytest
from e2e_project import new_project

from components.sources.demo import DemoSizes
from pipeline.cli import main
from schemas import SIDES, parse_spec, read_spec

REGIONS = 'value: "west" value: "isles"'
KNOWN = 'value: "west"'


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A shop with a region that the schema does not know, and with stars out of range."""
    project = new_project(tmp_path_factory.mktemp("stopped"), DemoSizes(20, 30, 200))
    table = project.shop / "interactions.csv"
    with table.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    for row in rows[:6]:
        row[header.index("stars")] = "9"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return project


@pytest.fixture(scope="module")
def command(project):
    """Runs the command; returns its exit code."""

    def run(*words):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.setattr(sys, "argv", ["tessera", *map(str, words)])
            main()
        return ended.value.code

    return run


@pytest.fixture(scope="module")
def pipeline_run(project, command, tmp_path_factory):
    """Runs the pipeline; returns the exit code, what was told, and the run's folder."""
    texts = list(read_spec("demo").texts)
    assert REGIONS in texts[0]
    texts[0] = texts[0].replace(REGIONS, KNOWN)
    message = tmp_path_factory.mktemp("messages") / "stderr.txt"
    project.config()

    def run():
        with pytest.MonkeyPatch.context() as patch, message.open("w", encoding="utf-8") as err:
            patch.setattr("pipeline.config.read_spec", lambda name: parse_spec(name, texts))
            patch.setattr(sys, "stderr", err)
            code = command("run", "--config", project.config_file)
        folder = (project.root / "runs" / "latest").resolve()
        return code, message.read_text(encoding="utf-8"), folder

    return run


@pytest.fixture(scope="module")
def stopped(pipeline_run):
    return pipeline_run()


def test_it_names_what_is_wrong(stopped):
    code, message, _ = stopped
    assert code == 3
    assert "tessera: error[data-not-trainable]: " in message
    assert "Table users, column region: split all" in message and "isles" in message
    assert "Table interactions: 6 of 200 rows (3.00%) were quarantined" in message
    assert "6 x stars" in message and "is outside the range" in message
    assert "interactions.csv line 2" in message
    assert "Traceback" not in message


def test_its_report_is_beside_its_metrics(stopped):
    folder = stopped[2]
    assert {p.name for p in folder.iterdir()} == {
        "metrics.json", "data_report.html", "data_report.json"}
    report = json.loads((folder / "data_report.json").read_text(encoding="utf-8"))
    counts = report["counts"]["counts"]
    assert counts["interactions"] == {"read": 200, "kept": 194, "quarantined": 6}
    assert sum(counts["splits"].values()) == 194
    assert report["verdict"]["verdict"] == "FAIL"
    assert {(one["check"], one["column"]) for one in report["verdict"]["findings"]} >= {
        ("schema_anomaly", "region"), ("quarantined_rows", "")}
    page = (folder / "data_report.html").read_text(encoding="utf-8")
    assert "isles" in page and "outside the range" in page


def test_its_metrics_say_why_and_how_far_it_came(stopped):
    metrics = json.loads((stopped[2] / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["blessed"] is False
    (reason,) = metrics["not_blessed_because"]
    assert reason.startswith("DataGate") and "isles" in reason
    assert {"CatalogGen", "DataReport"} <= metrics["cached"].keys()
    assert not [name for name in metrics["cached"]
                if name.startswith("Transform") or name in ("DataGate", "Trainer", "Pusher")]
    assert "tasks" not in metrics and "ranking" not in metrics


def test_the_report_can_be_opened_and_nothing_is_served(stopped, project, command, capsys):
    assert command("report", "--root", project.root, "--no-browser") == 0
    assert capsys.readouterr().out == f"{stopped[2] / 'data_report.html'}\n"
    assert command("serve", "--root", project.root) == 2
    assert "No pushed model" in capsys.readouterr().err


def test_one_byte_of_the_data_reruns_what_reads_it(stopped, project, pipeline_run):
    prices = project.shop / "items.csv"
    content = prices.read_bytes()
    cents = b"7" if content[-2:] != b"7\n" else b"3"
    prices.write_bytes(content[:-2] + cents + b"\n")
    code, _, folder = pipeline_run()
    assert code == 3 and folder != stopped[2]
    cached = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["cached"]
    assert {name for name in cached if cached[name]} == {
        f"ImportSchemaGen.{side}" for side in SIDES}
    assert {"CatalogGen", "StatisticsGen.users", "ExampleValidator.items", "DataReport"} < {*cached}
