import time

import pytest
import yaml
from fake_kubeflow import Raw

from pipeline.kubeflow.compiled import cron_of_kubeflow, read_compiled, task_names


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


@pytest.mark.parametrize("before", [0, 250])  # of a page there are 200
def test_an_experiment_that_exists_is_used(kubeflow_server, command, before):
    kubeflow_server.experiments += [{"experiment_id": f"e-{n}", "display_name": f"other {n}"}
                                    for n in range(before)]
    kubeflow_server.experiments.append({"experiment_id": "e-x", "display_name": "tessera"})
    assert command(kubeflow_server.url)[0] == 0
    assert kubeflow_server.posted("/experiments") == []
    assert kubeflow_server.posted("/runs")[0]["experiment_id"] == "e-x"


def test_a_schedule_has_seconds_does_not_pile_up_and_is_not_doubled(kubeflow_server, command):
    assert cron_of_kubeflow("30 0 3 * * MON") == "30 0 3 * * MON"
    code, out, _ = command(kubeflow_server.url, "--schedule", "0 3 * * *", "--name", "nightly")
    assert code == 0 and "recurringruns-1" in out
    (job,) = kubeflow_server.posted("/recurringruns")
    assert job["trigger"]["cron_schedule"]["cron"] == "0 0 3 * * *"
    assert job["no_catchup"] is True and int(job["max_concurrency"]) == 1
    assert kubeflow_server.posted("/runs") == [] and kubeflow_server.jobs[0]["mode"] == "ENABLE"
    code, _, err = command(kubeflow_server.url, "--schedule", "0 3 * * *", "--name", "nightly")
    assert code == 2 and "has a recurring run 'nightly' already" in err
    assert len(kubeflow_server.posted("/recurringruns")) == 1


@pytest.mark.parametrize(("words", "message"), [
    (("--set", "nope=1"), "learning_rate, max_epochs, recipe"),
    (("--set", "recipe={{$.pipeline_job_uuid}}"), "Kubeflow resolves no '{{...}}'"),
    (("--set", "recipe"), "give key=value"),
    (("--set", "recipe=a", "--set", "recipe=b"), "recipe twice"),
    (("--schedule", "0 3 * * *", "--wait"), "--wait is for one run"),
])
def test_wrong_words(kubeflow_server, command, words, message):
    code, _, err = command(kubeflow_server.url, *words)
    assert code == 2 and message in err
    assert kubeflow_server.posted("/runs") == []


def test_account_and_root_of_a_run(kubeflow_server, command):
    words = ("--service-account", "shop.runner", "--pipeline-root", "s3://bucket/kfp")
    assert command(kubeflow_server.url, *words)[0] == 0
    assert command(kubeflow_server.url, *words, "--schedule", "0 3 * * *")[0] == 0
    for body in (*kubeflow_server.posted("/runs"), *kubeflow_server.posted("/recurringruns")):
        assert body["service_account"] == "shop.runner"
        assert body["runtime_config"]["pipeline_root"] == "s3://bucket/kfp"


def test_two_experiments_of_one_name(kubeflow_server, command):
    kubeflow_server.experiments += [{"experiment_id": f"e-{n}", "display_name": "tessera"}
                                    for n in (1, 2)]
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and "2 experiments are called 'tessera'" in err and "e-1, e-2" in err
    assert err.count("\n") == 1 and kubeflow_server.posted("/runs") == []
    assert command(kubeflow_server.url, "--experiment", "e-2", "--name", "x")[0] == 0
    assert kubeflow_server.posted("/runs")[0]["experiment_id"] == "e-2"
    kubeflow_server.experiments[0]["storage_state"] = "ARCHIVED"
    assert command(kubeflow_server.url)[0] == 0, "one of them is in use"


@pytest.mark.parametrize(("option", "name", "message"), [
    ("--name", "n" * 300, "has 300 bytes"), ("--experiment", "ä" * 65, "has 130 bytes"),
    ("--name", "", "a line of text"),
    ("--name", "two\nlines", "a line of text"), ("--name", "night \U0001f319", "emoji"),
    ("--service-account", "Shop Runner", "lower-case"),
    ("--pipeline-root", "/tessera/kfp", "give a URI"),
])
def test_names_are_checked_before_anything_is_sent(kubeflow_server, command, option, name, message):
    code, _, err = command(kubeflow_server.url, option, name)
    assert code == 2 and option in err and message in err and err.count("\n") == 1
    assert kubeflow_server.asked == []


@pytest.mark.parametrize("text", ["max_epochs=4_5", "max_epochs=1.5", "max_epochs=٣",
                                  "learning_rate=nan", "learning_rate=1_0.0"])
def test_numbers_are_the_fields_own(kubeflow_server, command, text):
    code, _, err = command(kubeflow_server.url, "--set", text)
    assert code == 2 and "is a number" in err and kubeflow_server.asked == []


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda spec: spec.update(schemaVersion="9.9"), "schemaVersion is '9.9'"),
    (lambda spec: spec.update(deploymentSpec=5), "deploymentSpec"),
    (lambda spec: spec.update(novelty=1), "novelty"),
    (lambda spec: spec.update(root={}), "no root.dag"),
    (lambda spec: spec.update(pipelineInfo={}), "no pipelineInfo.name"),
    (lambda spec: spec["root"].update(inputDefinitions={"parameters": ["a"]}), "parameters"),
    (lambda spec: spec.update(components={"c": {"dag": "x"}}), "dag"),
])
def test_a_file_that_the_server_would_refuse(kubeflow_server, command, file, spoil, message):
    spec = next(yaml.safe_load_all(file.read_text()))
    spoil(spec)
    file.write_text(yaml.safe_dump(spec))
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and "is no compiled pipeline" in err and message in err
    assert err.count("\n") == 1 and kubeflow_server.asked == []


@pytest.mark.parametrize("content", [
    b"", b"\xff\xfe\x00", b"a: [", b"[1, 2]", b"--- {}\n--- {}\n--- {}\n",
    b"a: !!python/object:os.system {}", b"[" * 3000, b"{pipelineSpec: {}}", b"null"])
def test_a_file_of_another_kind(kubeflow_server, command, file, content):
    file.write_bytes(content)
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and f"{file} is no compiled pipeline" in err and err.count("\n") == 1


def test_a_namespace_of_a_server_with_one_user(kubeflow_server, command):
    code, _, err = command(kubeflow_server.url, "--namespace", "team")
    assert code == 2 and "has a single user and would ignore --namespace 'team'" in err
    assert kubeflow_server.posted("") == []


def test_the_namespace_of_a_server_with_several_users(kubeflow_server, command):
    kubeflow_server.several = True
    code, _, err = command(kubeflow_server.url)
    assert code == 2 and "has several users: give yours with --namespace" in err
    assert command(kubeflow_server.url, "--namespace", "team")[0] == 0
    assert kubeflow_server.posted("/experiments")[0]["namespace"] == "team"
    assert {"namespace": "team", "page_size": "200"} in kubeflow_server.queries


@pytest.mark.parametrize("status", [429, 503])
def test_a_run_that_a_busy_server_turned_away_is_sent_again(kubeflow_server, command, slept,
                                                            status):
    kubeflow_server.odd["POST runs"] = [Raw(status), Raw(status)]
    code, out, err = command(kubeflow_server.url)
    assert (code, err, slept) == (0, "", [1.0, 2.0]) and "details/runs-1" in out
    assert len(kubeflow_server.started) == 1


@pytest.mark.parametrize("raw", [Raw(504), Raw(None)])
@pytest.mark.parametrize("before", [0, 205])
def test_a_run_whose_answer_was_lost_is_found_and_not_doubled(kubeflow_server, command, raw,
                                                              before):
    kubeflow_server.started += [{"run_id": f"r-{n}", "description": "another"}
                                for n in range(before)]
    kubeflow_server.odd["POST runs"] = [raw]
    code, out, err = command(kubeflow_server.url)
    assert (code, err) == (0, "") and f"details/runs-{before + 1}" in out
    assert len(kubeflow_server.started) == before + 1


def test_a_run_that_was_perhaps_started(kubeflow_server, command):
    kubeflow_server.odd["POST runs"] = [Raw(502, b"<html>Bad Gateway</html>")]
    code, _, err = command(kubeflow_server.url, "--name", "tonight")
    assert code == 1 and "cannot start the run now: 502 Bad Gateway." in err
    assert "look for 'tonight'" in err and len(kubeflow_server.posted("/runs")) == 1


@pytest.mark.parametrize("made", ["{}", '{"run_id": 7}', '{"run_id": "a/../b"}'])
def test_an_answer_without_the_runs_id(kubeflow_server, command, made):
    kubeflow_server.odd["POST runs"] = [Raw(200, made.encode(), "application/json")]
    code, out, err = command(kubeflow_server.url)
    assert code == 1 and "responds without a run_id" in err and "Started" not in out


def test_what_kfp_compiles_is_sent_as_it_is(kubeflow_server, command, file):
    from kfp import compiler, dsl, kubernetes

    @dsl.container_component
    def step(epochs: int):
        return dsl.ContainerSpec(image="i", command=["true"], args=[epochs])

    @dsl.pipeline(name="demo")
    def pipe(max_epochs: int = 0, learning_rate: float = 0.5, recipe: str = "flagship"):
        kubernetes.mount_pvc(step(epochs=max_epochs).set_retry(1), "tessera", "/tessera")

    compiler.Compiler().compile(pipe, str(file))
    spec, platform = yaml.safe_load_all(file.read_text(encoding="utf-8"))
    assert command(kubeflow_server.url, "--set", "max_epochs=-0")[0] == 0
    (run,) = kubeflow_server.posted("/runs")
    assert run["pipeline_spec"] == {"pipeline_spec": spec, "platform_spec": platform}
    assert read_compiled(file).parameters == {
        "max_epochs": "NUMBER_INTEGER", "learning_rate": "NUMBER_DOUBLE", "recipe": "STRING"}
    assert task_names(run["pipeline_spec"]) == {"step"}


@pytest.mark.parametrize("words", [(), ("--schedule", "0 3 * * *")])
def test_ctrl_c_while_we_submit_does_not_say_to_do_it_again(kubeflow_server, command, monkeypatch,
                                                            words):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    path = "recurringruns" if words else "runs"
    kubeflow_server.odd[f"POST {path}"] = [Raw(504)]
    code, _, err = command(kubeflow_server.url, "--name", "tonight", *words)
    assert code == 130 and err.count("\n") == 1 and "look for 'tonight'" in err
