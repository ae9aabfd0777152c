"""`tessera submit` against a small server that speaks as Kubeflow Pipelines does."""

import socket
import sys

import pytest
import yaml

from pipeline.cli import main
from pipeline.kubeflow import submit
from schemas import InputError, TesseraError

SPEC = {
    "pipelineInfo": {"name": "demo"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.13.0",
    "components": {}, "deploymentSpec": {"executors": {}},
    "root": {"dag": {"tasks": {}}, "inputDefinitions": {"parameters": {
        "recipe": {"parameterType": "STRING"}, "max_epochs": {"parameterType": "NUMBER_INTEGER"},
        "learning_rate": {"parameterType": "NUMBER_DOUBLE"}}}},
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump_all([SPEC, {"platforms": {"kubernetes": {}}}]))
    return path


@pytest.fixture
def command(monkeypatch, capsys, file):
    monkeypatch.setattr(submit.time, "sleep", lambda _: None)

    def run(host, *words):
        monkeypatch.setattr(sys, "argv", ["tessera", "submit", "--host", host, "--file", str(file),
                                          *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code or 0, told.out, told.err

    return run


def task(name, state, number, error=None):
    found = {"task_id": f"t-{name}", "display_name": name, "state": state,
             "start_time": f"2026-01-01T00:00:0{number}Z"}
    return found | ({"error": {"message": error}} if error else {})


def seen(state, *tasks, error=None):
    found = {"run_id": "runs-1", "state": state, "run_details": {"task_details": list(tasks)}}
    return found | ({"error": {"message": error}} if error else {})


def test_a_run_starts_with_its_parameters(kubeflow_server, command):
    code, out, err = command(kubeflow_server.url, "--experiment", "shop", "--name", "tonight",
                             "--set", "recipe=other", "--set", "max_epochs=5",
                             "--set", "learning_rate=0.01")
    assert (code, err) == (0, "")
    (run,) = kubeflow_server.posted("/runs")
    assert run["display_name"] == "tonight" and run["experiment_id"] == "experiments-1"
    assert run["runtime_config"]["parameters"] == {
        "recipe": "other", "max_epochs": 5, "learning_rate": 0.01}
    assert run["pipeline_spec"]["pipeline_spec"]["schemaVersion"] == "2.1.0"
    assert "platforms" in run["pipeline_spec"]["platform_spec"]
    assert kubeflow_server.experiments[0]["display_name"] == "shop"
    assert f"{kubeflow_server.url}/#/runs/details/runs-1" in out


def test_an_experiment_that_exists_is_used(kubeflow_server, command):
    kubeflow_server.experiments.append({"experiment_id": "e-7", "display_name": "tessera"})
    assert command(kubeflow_server.url)[0] == 0
    assert kubeflow_server.posted("/experiments") == []
    assert kubeflow_server.posted("/runs")[0]["experiment_id"] == "e-7"


def test_waiting_tells_each_step_once_and_ends_well(kubeflow_server, command):
    driver = task("trainer-driver", "SUCCEEDED", 0)
    kubeflow_server.runs = [
        seen("RUNNING", task("init-metadata", "RUNNING", 1), driver),
        seen("RUNNING", task("init-metadata", "SUCCEEDED", 1), task("trainer", "RUNNING", 2)),
        seen("SUCCEEDED", task("init-metadata", "SUCCEEDED", 1), task("trainer", "SUCCEEDED", 2)),
    ]
    code, out, err = command(kubeflow_server.url, "--wait")
    assert (code, err) == (0, "")
    steps = [line.split() for line in out.splitlines() if not line.startswith(("Started", "The"))]
    assert steps == [["init-metadata", "running"], ["init-metadata", "succeeded"],
                     ["trainer", "running"], ["trainer", "succeeded"]]


def test_a_failed_run_names_its_step(kubeflow_server, command):
    kubeflow_server.runs = [seen(
        "FAILED", task("init-metadata", "SUCCEEDED", 1),
        task("trainer", "FAILED", 2, "ImagePullBackOff: registry.example/tessera:2"))]
    code, _, err = command(kubeflow_server.url, "--wait")
    assert code == 1
    assert err.startswith("tessera: The run failed in trainer (ImagePullBackOff: registry.example")
    assert "/#/runs/details/runs-1" in err and err.count("\n") == 1


@pytest.mark.parametrize("state", ["CANCELED", "SKIPPED"])
def test_a_run_that_did_not_end_well_is_no_success(kubeflow_server, command, state):
    kubeflow_server.runs = [seen(state, error="stopped by hand")]
    code, _, err = command(kubeflow_server.url, "--wait")
    assert code == 1 and state.lower() in err and "stopped by hand" in err


def test_a_schedule_has_seconds_and_does_not_pile_up(kubeflow_server, command):
    code, out, _ = command(kubeflow_server.url, "--schedule", "0 3 * * *", "--name", "nightly")
    assert code == 0 and "recurringruns-1" in out
    (job,) = kubeflow_server.posted("/recurringruns")
    assert job["trigger"]["cron_schedule"]["cron"] == "0 0 3 * * *"
    assert job["no_catchup"] is True and int(job["max_concurrency"]) == 1
    assert kubeflow_server.posted("/runs") == []


def test_a_schedule_is_not_doubled(kubeflow_server, command):
    words = ("--schedule", "0 3 * * *", "--name", "nightly")
    assert command(kubeflow_server.url, *words)[0] == 0
    code, _, err = command(kubeflow_server.url, *words)
    assert code == 2 and "has a recurring run 'nightly' already" in err
    assert len(kubeflow_server.posted("/recurringruns")) == 1


@pytest.mark.parametrize(("given", "sent"), [
    ("0 3 * * *", "0 0 3 * * *"), ("30 0 3 * * MON", "30 0 3 * * MON"),
    ("*/5 * * * 1-5", "0 */5 * * * 1-5"),
])
def test_cron(given, sent):
    assert submit.cron_of_kubeflow(given) == sent


@pytest.mark.parametrize("given", ["", "daily", "0 3 * *", "0 0 0 3 * * *", "0 3 * * $(x)"])
def test_a_strange_schedule(given):
    with pytest.raises(InputError, match="--schedule is .*minute hour day month"):
        submit.cron_of_kubeflow(given)


def test_nobody_answers(command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    code, _, err = command(url)
    assert code == 2
    assert err.startswith(f"tessera: Nobody answers at {url}") and "port-forward" in err


@pytest.mark.parametrize(("status", "hint"), [(404, "is no Kubeflow Pipelines server"),
                                              (401, "TESSERA_KFP_TOKEN")])
def test_another_server(kubeflow_server, command, status, hint):
    kubeflow_server.status = status
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and hint in err and str(status) in err


def test_the_token_of_the_environment_is_used(kubeflow_server, command, monkeypatch):
    monkeypatch.setenv("TESSERA_KFP_TOKEN", "t0ken")
    assert command(kubeflow_server.url)[0] == 0
    assert kubeflow_server.tokens == {"Bearer t0ken"}


def test_a_refused_run_tells_the_servers_reason(kubeflow_server, command):
    kubeflow_server.refuse = (400, "unknown template format")
    code, _, err = command(kubeflow_server.url)
    assert code == 1 and "refuses to start the run: 400 unknown template format." in err


@pytest.mark.parametrize(("words", "told"), [
    (("--set", "nope=1"), "learning_rate, max_epochs, recipe"),
    (("--set", "recipe"), "give key=value"),
    (("--set", "max_epochs=many"), "max_epochs is a number"),
    (("--schedule", "0 3 * * *", "--wait"), "--wait is for one run"),
])
def test_wrong_words(kubeflow_server, command, words, told):
    code, _, err = command(kubeflow_server.url, *words)
    assert code == 2 and told in err
    assert kubeflow_server.posted("/runs") == []


def test_no_url(command):
    code, _, err = command("localhost:8080")
    assert code == 2 and "give a URL" in err


def test_no_compiled_file(kubeflow_server, command, file):
    file.unlink()
    assert "does not exist. Run `tessera compile" in command(kubeflow_server.url)[2]
    file.write_text("[1, 2]")
    assert "is no compiled pipeline" in command(kubeflow_server.url)[2]


def test_a_server_that_breaks_off(kubeflow_server, monkeypatch):
    server = submit.Server(kubeflow_server.url)

    def broken(_):
        import urllib3
        raise urllib3.exceptions.ProtocolError("reset by peer")

    monkeypatch.setattr(server._client, "get_run", broken)
    with pytest.raises(TesseraError, match="broke off .*reset by peer.*The run goes on"):
        server.wait("runs-1", print)
