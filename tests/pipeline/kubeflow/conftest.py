"""A cluster's configuration, and a server that answers as Kubeflow Pipelines does."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fake_kubeflow import FakeKubeflow, serve

from pipeline.cli import main
from pipeline.config import load_config
from schemas import read_spec
from trainer.recipe import bind

CONFIG = {
    "dataset": "demo",
    "root": "/tessera",
    "kubeflow": {
        "image": "registry.example/tessera:1",
        "image_pull_secrets": ["registry"],
        "volumes": [{"claim": "tessera", "path": "/tessera"}],
        "metadata": {"kind": "mysql", "host": "mysql", "user": "tessera",
                     "password": {"secret": "tessera-db", "key": "password"}},
        "secrets": [{"secret": "proxy", "key": "url", "env": "HTTPS_PROXY"}],
        "labels": {"team": "shop"},
        "annotations": {"sidecar.istio.io/inject": "false"},
        "security_context": {"run_as_user": 10001, "run_as_non_root": True},
        "steps": {
            "default": {"cpu": "500m", "memory": "2Gi", "timeout_s": 3600, "retries": 1},
            "Transform": {"memory": "4Gi"},
            "Transform.items": {"memory": "8Gi"},
            "Trainer": {"cpu": 2, "memory": "8Gi", "memory_limit": "16Gi", "gpus": 3,
                        "shm": "8Gi", "timeout_s": 604800,
                        "image": "registry.example/tessera:1-gpu",
                        "node_selector": {"gpu": "yes"},
                        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists",
                                         "effect": "NoSchedule"}]},
        },
    },
}

SPEC = {
    "pipelineInfo": {"name": "demo"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.13.0",
    "components": {}, "deploymentSpec": {"executors": {}},
    "root": {"dag": {"tasks": {}}, "inputDefinitions": {"parameters": {
        "recipe": {"parameterType": "STRING"}, "max_epochs": {"parameterType": "NUMBER_INTEGER"},
        "learning_rate": {"parameterType": "NUMBER_DOUBLE"}}}},
}


@pytest.fixture
def cluster_config(tmp_path: Path):
    """Writes a cluster's configuration; its argument changes the tree first."""

    def write(change=lambda tree: None) -> Path:
        tree = json.loads(json.dumps(CONFIG))
        change(tree)
        path = tmp_path / "cluster.yaml"
        path.write_text(yaml.safe_dump(tree), encoding="utf-8")
        return path

    return write


@pytest.fixture
def kubeflow_server() -> Iterator[FakeKubeflow]:
    """A Kubeflow Pipelines server on a free port, which answers as it is told."""
    fake = FakeKubeflow()
    with serve(fake):
        yield fake


@pytest.fixture(scope="session")
def ir():
    """The demo's pipeline, as a cluster compiles it."""
    from pipeline.cluster.options import Database
    from pipeline.dag import build_pipeline  # needs TFX, which takes seconds to load
    from pipeline.kubeflow.plan import compile_ir
    from pipeline.kubeflow.store import connection

    config, root = load_config(None, dataset="demo", root=Path("/tessera")), Path("/tessera")
    return compile_ir(build_pipeline(config, bind(config.recipe, read_spec("demo")),
                                     root / "schemas", connection(Database(), root)), "compiled")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump_all([SPEC, {"platforms": {"kubernetes": {}}}]))
    return path


@pytest.fixture
def slept(monkeypatch):
    """Seconds that were waited; nobody waits for them."""
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def command(monkeypatch, capsys, file, slept):
    def run(host, *words):
        monkeypatch.setattr(sys, "argv", ["tessera", "submit", "--host", host, "--file", str(file),
                                          *words])
        with pytest.raises(SystemExit) as ended:
            main()
        message = capsys.readouterr()
        return ended.value.code or 0, message.out, message.err

    return run
