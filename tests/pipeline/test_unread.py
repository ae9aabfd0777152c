"""A run whose data cannot be read: its folder, its page and its post say FAIL, and why."""

import json
from types import SimpleNamespace

import pytest
from refusals import refuses
from worlds import column, id_columns, own_project

from pipeline.config import load_config
from pipeline.nodes import NodeError
from pipeline.run import run
from schemas import InputError, TesseraError

SCHEMA = "".join((*id_columns(), column("stars", "FLOAT", "label:like>=4")))
GOOD = b"who,what,stars\n" + b"".join(b"u%d,i%d,4\n" % (n % 9, n) for n in range(90))


@pytest.fixture
def project(tmp_path, server, console):
    """A project with one table; `run` with its content as bytes, `configured` with keys."""

    class Project:
        root = tmp_path / "root"

        def configured(self, **values):
            return load_config(own_project(tmp_path, {"interactions": SCHEMA}, **{
                "name": "shop", "root": str(self.root), "recipe": "popularity", "split": "random",
                "alerts": {"webhook": server.address}, **values}))

        def run(self, events, **values):
            path = tmp_path / "events.csv"
            path.unlink(missing_ok=True)
            if events is not None:
                path.write_bytes(events)
            return run(self.configured(**values), console)

    return Project()


@pytest.mark.parametrize(("events", "code"), [
    (None, "pattern-matches-nothing"),
    (b"who,what,stars\n", "empty-table"),
    (b"who,stars\nann,4\n", "missing-column"),
    (b"ann,tea,4\nann,cup,4\nbob,tea,3\n", "no-header"),
    (b"\x1f\x8b\x08\x00damaged", "damaged-text-file"),
])
def test_data_that_cannot_be_opened_are_a_run_that_failed(project, server, events, code):
    yesterday = project.root / "runs" / "20260101-000000"
    yesterday.mkdir(parents=True)
    (yesterday.parent / "latest").symlink_to(yesterday.name)
    with pytest.raises(InputError) as caught:
        project.run(events)
    folder = (project.root / "runs" / "latest").resolve()
    assert folder != yesterday and {one.name for one in folder.iterdir()} == {
        "metrics.json", "data_report.html", "data_report.json"}
    assert caught.value.code == code
    metrics, report = (json.loads((folder / name).read_text()) for name in (
        "metrics.json", "data_report.json"))
    assert metrics["blessed"] is False and metrics["dataset"] == "shop"
    assert metrics["not_blessed_because"] == [caught.value.line]
    (finding,) = report["verdict"]["findings"]
    assert report["verdict"]["verdict"] == "FAIL" and report["verdict"]["run"] == folder.name
    assert finding["check"] == caught.value.code and finding["action"]
    page = (folder / "data_report.html").read_text()
    assert "FAIL" in page and caught.value.code in page and "prefers-color-scheme" in page
    assert f'href="{folder.name}/data_report.html"' in (
        project.root / "runs" / "index.html").read_text()
    ((_, body),) = server.posted
    posted = json.loads(body)
    assert (posted["verdict"], posted["run"]) == ("FAIL", folder.name)
    (reason,) = posted["reasons"]
    assert str(caught.value).rstrip(".") in reason


@pytest.mark.parametrize("values", [
    {"recipe": "flagship"}, {"split": "nothing"}, {"privacy": {"deletion_list": "absent.txt"}}])
def test_a_wrong_configuration_is_no_run(project, server, values):
    with pytest.raises(InputError):
        project.run(None, **values)
    assert not server.posted and not list((project.root / "runs").glob("*"))


def test_a_span_that_did_not_come_is_a_run_that_failed(project, server):
    with refuses("no-spans"):
        project.run(GOOD, spans={"last": 2})
    assert json.loads(server.posted[0][1])["verdict"] == "FAIL"


@pytest.mark.parametrize(("error", "check"), [
    (InputError("no-usable-events", "No event is left."), "no-usable-events"),
    (ValueError("a decoder met what it does not know"), "step-failed")])
def test_a_step_that_fails_before_the_verdict_is_told_too(project, server, monkeypatch, error,
                                                          check):
    def fails(*_):
        raise NodeError("CatalogGen") from error

    monkeypatch.setattr("pipeline.local.run_locally", fails)
    monkeypatch.setattr("pipeline.dag.build_pipeline", lambda *_: SimpleNamespace(components=[]))
    with pytest.raises(TesseraError):
        project.run(GOOD)
    folder = project.root / "runs" / "latest"
    report = json.loads((folder / "data_report.json").read_text())
    assert [one["check"] for one in report["verdict"]["findings"]] == [check]
    posted = json.loads(server.posted[0][1])
    assert posted["verdict"] == "FAIL" and str(error).rstrip(".") in posted["reasons"][0]
