import json

import pytest
import yaml

from pipeline.kubeflow import compile as compilation
from pipeline.kubeflow.access import account_of, with_account
from pipeline.kubeflow.rules import broken_rules
from pipeline.kubeflow.steps import INIT_STEP, Step, kebab, read_steps, shape


def test_what_the_interface_shows(ir):
    shows = {step.node: step.shows for step in read_steps(ir) if step.shows}
    assert shows["DataReport"] == {"data_report": "HTML"}
    assert shows["Evaluator"] == {"metrics": "Metrics", "classification": "ClassificationMetrics"}
    assert shows["RankingEvaluator"] == {"figures": "Metrics"}
    assert shows["Pusher"] == {"pushed_model": "Model"}


def test_the_shape_knows_steps_and_order():
    one, two = Step("A", "a", (INIT_STEP,), {}), Step("B", "b", ("a",), {})
    assert shape([one, two]) == shape([two, one])
    others = [[one], [one, Step("B", "b", (INIT_STEP,), {})],
              [one, Step("B", "b", ("a",), {"data_report": "HTML"})]]
    assert len({shape(steps) for steps in [[one, two], *others]}) == 4


def test_the_file_holds_every_step_and_breaks_no_rule(tessera, cluster_config, tmp_path, ir):
    output = tmp_path / "new" / "pipeline.yaml"
    code, out, err = tessera("compile", "--config", cluster_config(), "-o", output)
    assert (code, err) == (0, "")
    text = output.read_text(encoding="utf-8")
    assert broken_rules(text) == []
    spec = next(yaml.safe_load_all(text))
    steps = read_steps(ir)
    tasks = spec["root"]["dag"]["tasks"]
    assert {n: tuple(t.get("dependentTasks", ())) for n, t in tasks.items()} == {
        INIT_STEP: (), **{step.name: step.after for step in steps}}
    assert {step.node: set(step.after) for step in steps} == {
        n.pipeline_node.node_info.id: {kebab(other) for other in n.pipeline_node.upstream_nodes}
        or {INIT_STEP} for n in ir.nodes}
    assert "gate" in tasks["pusher"]["dependentTasks"], "nothing is pushed without a blessing"
    assert f"{len(steps) + 1} steps" in out
    first = spec["deploymentSpec"]["executors"]["exec-init-metadata"]["container"]["args"]
    assert first[first.index("--shape") + 1] == shape(steps)
    config = json.loads(first[first.index("--config") + 1])
    assert config["recipe_name"] == "flagship" and "kubeflow" not in config
    assert set(spec["root"]["inputDefinitions"]["parameters"]) == {
        "data_dir", "recipe", "max_epochs", "learning_rate"}


def test_a_service_account_is_remarked_for_submit(tessera, cluster_config, tmp_path):
    output = tmp_path / "pipeline.yaml"
    path = cluster_config(lambda tree: tree["kubeflow"].update(service_account="tessera.runner"))
    assert tessera("compile", "--config", path, "-o", output)[0] == 0
    text = output.read_text(encoding="utf-8")
    assert account_of(text) == "tessera.runner"
    assert "tessera.runner" not in str(list(yaml.safe_load_all(text))), "no server takes it there"
    assert account_of(text.split("\n", 1)[1]) is None
    assert with_account("a: 1\n", None) == "a: 1\n"


@pytest.mark.parametrize(("change", "words"), [
    (lambda tree: tree.pop("kubeflow"), ("no key 'kubeflow'", "docs/kubeflow.md")),
    (lambda tree: tree.update(root="/elsewhere", data_dir="/tessera/d"),
     ("root is /elsewhere", "none of the volumes (/tessera)")),
    (lambda tree: tree["kubeflow"]["steps"].update(Trainr={}),
     ("Unknown step in kubeflow.steps 'Trainr'", "Trainer")),
    (lambda tree: tree["kubeflow"]["steps"]["Transform"].update(memory_limit="1Gi"),
     ("steps.Transform", "memory is 4Gi", "above memory_limit, 1Gi")),
])
def test_what_does_not_fit_a_cluster(tessera, cluster_config, tmp_path, change, words):
    output = tmp_path / "pipeline.yaml"
    code, _, err = tessera("compile", "--config", cluster_config(change), "-o", output)
    assert code == 2 and err.startswith("tessera: ") and err.count("\n") == 1
    for word in words:
        assert word in err
    assert not output.exists()


def test_a_file_that_cannot_be_written(tessera, cluster_config, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = tessera("compile", "--config", cluster_config(),
                           "-o", tmp_path / "file" / "pipeline.yaml")
    assert code == 2 and "Cannot write" in err and "--output" in err


def test_a_file_that_breaks_a_rule_is_not_written(cluster_config, tmp_path, monkeypatch, tessera):
    real = compilation._init_arguments
    monkeypatch.setattr(compilation, "_init_arguments",
                        lambda *a: (*real(*a), "--note", "x" * 200_000))
    code, _, err = tessera("compile", "--config", cluster_config(), "-o", tmp_path / "p.yaml")
    assert code == 1 and "an argument of 200000 bytes" in err
    assert not (tmp_path / "p.yaml").exists()


def test_an_unknown_runner(tessera, cluster_config, tmp_path):
    code, _, err = tessera("compile", "--runner", "airflow", "--config", cluster_config(),
                           "-o", tmp_path / "x.yaml")
    assert code == 2 and "Unknown runner 'airflow'. Known: kubeflow." in err
