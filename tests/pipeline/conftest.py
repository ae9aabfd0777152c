"""A console that writes to nobody, a webhook, the smallest of shops, and a cluster's file."""

import http.server
import io
import json
import threading
from pathlib import Path

import pytest
import yaml
from cluster import CONFIG
from rich.console import Console

from components.sources.demo import DemoSizes, write_demo


@pytest.fixture
def console():
    """A console whose text is `console.file.getvalue()`."""
    return Console(file=io.StringIO(), width=200)


@pytest.fixture(scope="session")
def tiny_shop(tmp_path_factory):
    """A demo shop that is read but not worth a run; not to be written to."""
    folder = tmp_path_factory.mktemp("tiny") / "shop"
    write_demo(folder, DemoSizes(users=4, items=8, events=16))
    return folder


@pytest.fixture
def cluster_config(tmp_path):
    """Writes a cluster's configuration; its argument changes the tree first."""

    def write(change=lambda tree: None) -> Path:
        tree = json.loads(json.dumps(CONFIG))
        change(tree)
        path = tmp_path / "cluster.yaml"
        path.write_text(yaml.safe_dump(tree), encoding="utf-8")
        return path

    return write


@pytest.fixture
def server():
    """A server on a free port: its `address`, what was `posted`, and the `status` it gives."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            self.server.posted.append((self.headers["Content-Type"], self.rfile.read(length)))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.posted, server.status = [], 204
        server.address = f"http://127.0.0.1:{server.server_port}/hook?token=secret"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
