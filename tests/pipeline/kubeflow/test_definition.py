"""The file that Kubeflow gets, with each version of kfp that is there."""

import io
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from unittest import mock

import pytest
import yaml

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).with_name("golden.yaml")
OWN = metadata.version("kfp")
# Where `make kubeflow-env` puts kfp 2.17.0 beside TFX 1.16, whose protobuf it cannot share.
NEWER = Path(os.environ.get("TESSERA_KFP_ENV", ROOT / ".cache" / "kfp")) / "bin" / "python"
STEPS = [
    {"node": "CatalogGen", "name": "catalog-gen", "after": ["init-metadata"], "shows": {}},
    {"node": "Transform.items", "name": "transform-items", "after": ["catalog-gen"], "shows": {}},
    {"node": "Trainer", "name": "trainer", "after": ["catalog-gen", "transform-items"],
     "shows": {"metrics": "Metrics", "classification": "ClassificationMetrics",
               "report": "HTML", "pushed_model": "Model"}},
]
BAKED = {"name": "demo-flagship-1", "root": "/tessera", "data_dir": "/tessera/data/demo",
         "recipe": "flagship",
         "init_arguments": ["--config", '{"a": {"b": {"c": []}}}', "--shape", "0123"]}
SCRIPT = """
import json, sys
from pathlib import Path
from pipeline.kubeflow.definition import Baked, write_definition
from pipeline.cluster.options import KubeflowOptions
from pipeline.kubeflow.steps import Step
plan = json.load(sys.stdin)
steps = [Step(**{**s, "after": tuple(s["after"])}) for s in plan["steps"]]
baked = Baked(**{**plan["baked"], "init_arguments": tuple(plan["baked"]["init_arguments"])})
write_definition(steps, baked, KubeflowOptions.model_validate(plan["options"]), Path(sys.argv[1]))
"""
# kfp's own local runner, with containers that start nothing: what each step would be given.
RUN = """
import json, sys
from unittest import mock
from kfp import components, local
from kfp.local import docker_task_handler as handler
runs = []
def start(**given):
    runs[-1].append(given["command"])
    return 0
with mock.patch("docker.from_env"), mock.patch.object(handler, "run_docker_container", start):
    local.init(local.DockerRunner(), pipeline_root=sys.argv[2])
    for _ in range(2):
        runs.append([])
        components.load_component_from_file(sys.argv[1])()
print("RUNS" + json.dumps(runs))
"""


def started(python, script, *words, given=""):
    path = os.pathsep.join([str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return subprocess.run(
        [python, "-W", "ignore", "-c", script, *map(str, words)], input=given, text=True, cwd=ROOT,
        check=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path if python == sys.executable else str(ROOT)}).stdout


def compiled(python, path, options):
    plan = {"steps": STEPS, "baked": BAKED, "options": options}
    if python == sys.executable:
        with mock.patch.object(sys, "argv", ["", str(path)]), mock.patch.object(
                sys, "stdin", io.StringIO(json.dumps(plan))):
            exec(SCRIPT, {})
    else:
        started(python, SCRIPT, path, given=json.dumps(plan))
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def structure(documents):
    """Names, dependencies, images, commands, arguments, resources and the platform."""
    spec, platform = documents
    tasks, executors = spec["root"]["dag"]["tasks"], spec["deploymentSpec"]["executors"]
    result = {}
    for name, task in tasks.items():
        label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
        container = executors[label]["container"]
        config = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][label]
        for secret in config["secretAsEnv"]:
            assert not secret.pop("optional", False)  # told from kfp-kubernetes 2 on
        result[name] = {
            "after": task.get("dependentTasks", []), "retry": task.get("retryPolicy"),
            "cached": task["cachingOptions"], "image": container["image"],
            "command": container["command"], "args": container["args"],
            "inputs": task["inputs"]["parameters"],
            "resources": container.get("resources"), "platform": config,
            "outputs": {key: output["artifactType"]["schemaTitle"] for key, output in
                        spec["components"][task["componentRef"]["name"]]
                        .get("outputDefinitions", {}).get("artifacts", {}).items()},
        }
    every = taken_out(list(result.values()))
    return {"schema": spec["schemaVersion"], "name": spec["pipelineInfo"]["name"],
            "parameters": spec["root"]["inputDefinitions"]["parameters"], "every task": every,
            "tasks": result}


def taken_out(parts):
    """Takes what is the same in all parts out of them; returns it."""
    same = {}
    for key in [key for key in parts[0] if all(key in part for part in parts)]:
        values = [part[key] for part in parts]
        if all(value == values[0] for value in values):
            same[key] = values[0]
            for part in parts:
                del part[key]
        elif all(isinstance(value, dict) for value in values) and (inner := taken_out(values)):
            same[key] = inner
    return same


@pytest.fixture
def options(cluster_config):
    return yaml.safe_load(cluster_config().read_text())["kubeflow"]


@pytest.fixture(params=sorted({OWN, "2.17.0"}))
def version(request):
    """A version of kfp, and the interpreter that has it."""
    python = sys.executable if request.param == OWN else str(NEWER)
    if not Path(python).exists():
        pytest.skip(f"kfp {request.param} is absent: `make kubeflow-env` installs it.")
    return request.param, python


def test_the_structure_is_the_golden_one(version, tmp_path, options):
    version, python = version
    documents = compiled(python, tmp_path / "pipeline.yaml", options)
    assert documents[0]["sdkVersion"] == f"kfp-{version}"
    result = structure(documents)
    if os.environ.get("TESSERA_UPDATE_GOLDEN"):
        GOLDEN.write_text(yaml.safe_dump(result, sort_keys=False, width=100), encoding="utf-8")
    assert result == yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))


def test_all_steps_of_a_run_get_its_id_and_each_run_has_another(version, tmp_path, options):
    _, python = version
    compiled(python, tmp_path / "pipeline.yaml", options)
    out = started(python, RUN, tmp_path / "pipeline.yaml", tmp_path / "root")
    runs = json.loads(out[out.index("RUNS") + 4:])
    ids = [{command[command.index("--run-id") + 1] for command in run} for run in runs]
    assert [len(run) for run in runs] == [4, 4] and [len(result) for result in ids] == [1, 1]
    assert ids[0] != ids[1] and not any("{{" in value for result in ids for value in result)
