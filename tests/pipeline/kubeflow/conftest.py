"""A compiled pipeline, and a server that responds as Kubeflow Pipelines does."""

import sys
import time
from pathlib import Path

import pytest
import yaml
from fake_kubeflow import FakeKubeflow, serve

from pipeline.cli import main
from pipeline.config import load_config
from schemas import read_spec
from trainer.recipe import bind

SPEC = {
    "pipelineInfo": {"name": "demo"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.13.0",
    "components": {}, "deploymentSpec": {"executors": {}},
    "root": {"dag": {"tasks": {}}, "inputDefinitions": {"parameters": {
        "recipe": {"parameterType": "STRING"}, "max_epochs": {"parameterType": "NUMBER_INTEGER"},
        "learning_rate": {"parameterType": "NUMBER_DOUBLE"}}}},
}


@pytest.fixture
def kubeflow_server():
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
