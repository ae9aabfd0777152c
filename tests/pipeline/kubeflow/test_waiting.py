import time

import pytest
import yaml
from fake_kubeflow import Raw, seen, task

LOGIN = Raw(200, b"<html><title>Log in</title></html>")


def steps_of(out):
    return [tuple(line.split()) for line in out.splitlines()
            if line.split()[1:] in (["running"], ["succeeded"], ["failed"])]


def test_waiting_shows_each_step_once_and_ends_well(kubeflow_server, command):
    driver = task("trainer-driver", "SUCCEEDED", 0)
    kubeflow_server.runs = [
        seen("RUNNING", task("init-metadata", "RUNNING", 1), driver),
        seen("RUNNING", task("init-metadata", "SUCCEEDED", 1), task("trainer", "RUNNING", 2)),
        seen("SUCCEEDED", task("init-metadata", "SUCCEEDED", 1), task("trainer", "SUCCEEDED", 2))]
    code, out, err = command(kubeflow_server.url, "--wait")
    assert (code, err) == (0, "")
    steps = [line.split() for line in out.splitlines() if not line.startswith(("Started", "The"))]
    assert steps == [["init-metadata", "running"], ["init-metadata", "succeeded"],
                     ["trainer", "running"], ["trainer", "succeeded"]]


@pytest.mark.parametrize("state", ["CANCELED", "SKIPPED"])
def test_a_run_that_did_not_end_well_is_no_success(kubeflow_server, command, state):
    kubeflow_server.runs = [seen(state, error="stopped by hand")]
    code, _, err = command(kubeflow_server.url, "--wait")
    assert code == 1 and state.lower() in err and "stopped by hand" in err


@pytest.fixture
def tasks(file):
    """Gives the file two steps."""
    documents = list(yaml.safe_load_all(file.read_text()))
    documents[0]["root"]["dag"]["tasks"] = {
        name: {"taskInfo": {"name": name}, "componentRef": {"name": f"comp-{name}"}}
        for name in ("init-metadata", "trainer")}
    file.write_text(yaml.safe_dump_all(documents))
    return documents[0]


def attempts(state, *more):
    """A run with retries as the true server lists it: flat, attempts under one name for all."""
    return seen(
        state, task("demo-x7k2p", state, 0), task("root-driver", "SUCCEEDED", 1),
        task("root", state, 2), task("init-metadata-driver", "SUCCEEDED", 2),
        task("init-metadata", "SUCCEEDED", 2), task("executor", "SUCCEEDED", 3),
        task("executor(0)", "FAILED", 3), task("executor(1)", "SUCCEEDED", 4), *more)


@pytest.mark.parametrize("known", [True, False])
def test_attempts_and_the_workflow_are_no_steps(kubeflow_server, command, request, known):
    if known:
        request.getfixturevalue("tasks")
    kubeflow_server.runs = [
        attempts("RUNNING", task("trainer", "RUNNING", 5), task("executor(0)", "RUNNING", 6)),
        attempts("SUCCEEDED", task("trainer", "SUCCEEDED", 5),
                 task("executor(0)", "SUCCEEDED", 6))]
    code, out, err = command(kubeflow_server.url, "--wait")
    assert (code, err) == (0, "")
    assert steps_of(out) == [("init-metadata", "succeeded"), ("trainer", "running"),
                             ("trainer", "succeeded")]


@pytest.mark.parametrize("known", [True, False])
def test_a_failure_after_retries_names_the_step_alone(kubeflow_server, command, request, known):
    if known:
        request.getfixturevalue("tasks")
    kubeflow_server.runs = [attempts(
        "FAILED", task("trainer", "FAILED", 5), task("executor", "FAILED", 6),
        task("executor(0)", "FAILED", 6),
        task("executor(1)", "FAILED", 7, "OOMKilled\x1b]0;x\x07 (137)"))]
    code, out, err = command(kubeflow_server.url, "--wait")
    assert code == 1 and "executor" not in out
    assert err.startswith("tessera: error[run-failed]: ") and "trainer: OOMKilled" in err
    assert "/#/runs/details/runs-1" in err and err.count("\n") == 1
    assert "\x1b" not in err and "\x07" not in err, "no command reaches the terminal"


def test_a_step_that_was_begun_twice_is_told_by_its_last_attempt(kubeflow_server, command, tasks):
    kubeflow_server.runs = [
        seen("RUNNING", task("trainer", "RUNNING", 5), task("trainer", "FAILED", 2)),
        seen("SUCCEEDED", task("trainer", "SUCCEEDED", 5), task("trainer", "FAILED", 2))]
    code, out, _ = command(kubeflow_server.url, "--wait")
    assert code == 0 and steps_of(out) == [("trainer", "running"), ("trainer", "succeeded")]


@pytest.mark.parametrize("raw", [
    Raw(503), Raw(429), Raw(401), LOGIN, Raw(None),
    Raw(302, location="https://dex.example/auth?state=secret"),
    Raw(200, b'{"run_id": "runs-1", "sta', "application/json")])
def test_waiting_survives_what_is_passing(kubeflow_server, command, slept, raw):
    kubeflow_server.odd["GET runs/runs-1"] = [raw] * 4
    kubeflow_server.runs = [seen("SUCCEEDED", task("trainer", "SUCCEEDED", 1))]
    code, out, err = command(kubeflow_server.url, "--wait")
    assert (code, err) == (0, "") and slept == [1, 2, 4, 8] and "The run succeeded." in out
    assert out.count("the run goes on") + out.count("The run goes on") == 1
    assert "The server responds again." in out and "secret" not in out
    assert kubeflow_server.queries[-1] == {"view": "FULL"}, "with its tasks"


@pytest.mark.parametrize("raw", [Raw(503), Raw(401), LOGIN])
def test_a_run_out_of_sight_is_no_failed_run(kubeflow_server, command, slept, raw):
    kubeflow_server.odd["GET runs/runs-1"] = [raw] * 100
    code, _, err = command(kubeflow_server.url, "--wait")
    assert code == 5 and err.count("\n") == 1 and "failed" not in err
    assert f"`tessera submit --host {kubeflow_server.url} --attach runs-1` waits" in err
    assert 500 < sum(slept) < 700


def test_a_token_that_is_renewed_while_we_wait(kubeflow_server, command, monkeypatch, tmp_path):
    path = tmp_path / "token"
    path.write_text("old\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(path))
    kubeflow_server.odd["GET runs/runs-1"] = [Raw(401)]
    kubeflow_server.runs = [seen("SUCCEEDED")]
    monkeypatch.setattr(time, "sleep", lambda _: path.write_text("new\n"))
    assert command(kubeflow_server.url, "--wait")[0] == 0
    assert kubeflow_server.tokens[0] == "Bearer old" and kubeflow_server.tokens[-1] == "Bearer new"


def test_ctrl_c_leaves_the_run_and_says_how_to_come_back(kubeflow_server, command, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    kubeflow_server.runs = [seen("RUNNING")]
    monkeypatch.setattr(time, "sleep", interrupt)
    code, _, err = command(kubeflow_server.url, "--wait")
    assert code == 130 and err.startswith("tessera: error[wait-interrupted]: ")
    assert "--attach runs-1" in err and err.count("\n") == 1


@pytest.mark.parametrize("word", ["runs-1",
                                  "https://kf.example/_/pipeline/?ns=a#/runs/details/runs-1/"])
def test_attaching_to_a_run_that_is_there(kubeflow_server, command, file, tasks, word):
    file.unlink()  # it is the server's run that counts
    kubeflow_server.runs = [seen("RUNNING", task("odd-root-xy7ab", "RUNNING", 0),
                                 task("trainer", "RUNNING", 1), pipeline_spec=tasks),
                            seen("SUCCEEDED", task("trainer", "SUCCEEDED", 1))]
    code, out, err = command(kubeflow_server.url, "--attach", word)
    assert (code, err) == (0, "") and kubeflow_server.posted("") == []
    assert steps_of(out) == [("trainer", "running"), ("trainer", "succeeded")]


@pytest.mark.parametrize(("words", "message"), [
    (("--attach", "a b"), "--attach is 'a b'"),
    (("--attach", "runs-1", "--name", "x"), "leave out --name"),
    (("--attach", "runs-2"), "There is no run runs-2"),
])
def test_attaching_wrongly(kubeflow_server, command, words, message):
    code, _, err = command(kubeflow_server.url, *words)
    assert code == 2 and message in err and err.count("\n") == 1


@pytest.mark.parametrize("raw", [Raw(401), LOGIN])
def test_attaching_without_being_let_in(kubeflow_server, command, slept, raw):
    kubeflow_server.odd["GET runs/runs-1"] = [raw] * 100
    code, _, err = command(kubeflow_server.url, "--attach", "runs-1")
    assert code == 2 and slept == [] and err.count("\n") == 1 and "The run goes on" not in err


@pytest.mark.parametrize("run", [
    {}, {"run_id": "r", "state": None}, {"state": "RUNNING", "run_details": []},
    {"state": "RUNNING", "run_details": {"task_details": [None, {}, {"state": 3}]}},
    {"state": "RUNNING", "run_details": {"task_details": [{"state": "RUNNING",
                                                           "display_name": 5}]}},
])
def test_a_run_of_which_little_is_told(kubeflow_server, command, run):
    kubeflow_server.runs = [run, seen("SUCCEEDED")]
    assert command(kubeflow_server.url, "--wait")[0] == 0


@pytest.mark.parametrize("state", ["PAUSED", "QUITE_NEW"])
def test_what_holds_a_run_up_is_said_once(kubeflow_server, command, state):
    kubeflow_server.runs = [seen("RUNNING"), seen(state), seen(state), seen("SUCCEEDED")]
    code, out, _ = command(kubeflow_server.url, "--wait")
    assert code == 0 and out.count(f"The run is {state.lower()}.") == 1
