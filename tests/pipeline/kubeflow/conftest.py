"""A cluster's configuration, and a small server that speaks as Kubeflow Pipelines does."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

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


@dataclass
class FakeKubeflow:
    """What the server is to answer, and what it was asked.

    Attributes:
      url: Its address.
      runs: Answers to `GET run`, one after the other; the last one stays.
      refuse: Status and message with which new runs are refused.
      status: Status of the health check.
    """

    url: str = ""
    runs: list[dict] = field(default_factory=list)
    refuse: tuple[int, str] | None = None
    status: int = 200
    experiments: list[dict] = field(default_factory=list)
    jobs: list[dict] = field(default_factory=list)
    asked: list[tuple[str, str, dict]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    def posted(self, end: str) -> list[dict]:
        """Returns the bodies posted to a path."""
        return [body for method, path, body in self.asked
                if method == "POST" and path.endswith(end)]

    def answer(self, method: str, path: str, body: dict) -> tuple[int, dict]:
        self.asked.append((method, path, body))
        kind = path.removeprefix("/apis/v2beta1/")
        if kind == "healthz":
            return self.status, {"multi_user": False}
        if method == "POST":
            if self.refuse and kind != "experiments":
                return self.refuse[0], {"error": self.refuse[1], "code": 3}
            key = {"experiments": "experiment_id", "runs": "run_id",
                   "recurringruns": "recurring_run_id"}[kind]
            known = {"experiments": self.experiments, "recurringruns": self.jobs, "runs": []}[kind]
            made = {**body, key: f"{kind}-{len(known) + 1}"}
            known.append(made)
            return 200, made
        if kind == "experiments":
            return 200, {"experiments": self.experiments}
        if kind == "recurringruns":
            return 200, {"recurringRuns": self.jobs}
        if kind.startswith("runs/"):
            return 200, self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]
        return 404, {"error": f"no such path {path}"}


@pytest.fixture
def kubeflow_server() -> Iterator[FakeKubeflow]:
    """A Kubeflow Pipelines server on a free port, which answers as it is told."""
    fake = FakeKubeflow()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            fake.tokens.add(self.headers.get("authorization"))
            status, answer = fake.answer(self.command, urlsplit(self.path).path, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()
