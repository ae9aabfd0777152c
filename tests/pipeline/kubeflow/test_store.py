import socket
import subprocess
import sys

import ml_metadata
import pytest
from ml_metadata.metadata_store import metadata_store
from refusals import refuses

from pipeline.cluster.options import PASSWORD_VARIABLE, Database
from pipeline.kubeflow import store
from schemas import TesseraError

SERVER = {"host": "127.0.0.1", "user": "tessera", "password": {"secret": "s", "key": "k"}}
MAIL_SERVER = """
import socketserver
class Mail(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"220 mail.example")
with socketserver.TCPServer(("127.0.0.1", 0), Mail) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""


def server(kind="mysql", **given):
    return Database.model_validate({"kind": kind} | SERVER | given)


@pytest.fixture
def sqlite(tmp_path):
    return store.connection(Database(), tmp_path)


def test_two_first_steps_at_once(sqlite, tmp_path):
    script = ("import sys; from pathlib import Path; from pipeline.kubeflow import store; "
              "from pipeline.cluster.options import Database; root = Path(sys.argv[1]); "
              "store.initialise(store.connection(Database(), root), root)")
    both = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert ml_metadata.MetadataStore(sqlite).get_artifact_types() == []


def test_an_older_schema_is_named_and_can_be_upgraded(sqlite, tmp_path):
    store.initialise(sqlite, tmp_path)
    store.initialise(sqlite, tmp_path)  # another run
    metadata_store.downgrade_schema(sqlite, 6)
    with refuses("database-refuses", "tables of an older version", "version 6", "--upgrade"):
        store.initialise(sqlite, tmp_path)
    store.initialise(sqlite, tmp_path, upgrade=True)
    store.check(sqlite)


def test_a_newer_schema_is_named(sqlite, tmp_path):
    import contextlib
    import sqlite3

    store.initialise(sqlite, tmp_path)
    with contextlib.closing(sqlite3.connect(sqlite.sqlite.filename_uri)) as database, database:
        database.execute("update MLMDEnv set schema_version = 99")
    with refuses("database-refuses", "tables of a newer version"):
        store.check(sqlite)


def test_a_file_that_is_no_database(sqlite, tmp_path):
    (tmp_path / "metadata.sqlite").write_text("no database at all, but long enough " * 100)
    with refuses("database-refuses", "metadata.sqlite", "not a database"):
        store.check(sqlite)


def test_a_server_that_is_down(monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "hunter2")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = store.with_password(store.connection(server(port=port), "/unused"))
    message = (f"mysql://tessera@127.0.0.1:{port}/tessera does not respond: "
               ".*refused.*finished steps")
    with pytest.raises(TesseraError, match=message) as error:
        store.check(config)
    assert "hunter2" not in str(error.value)


def test_a_server_that_speaks_something_else(monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "hunter2")
    # In a process of its own: MLMD connects without letting other threads of this one run.
    with subprocess.Popen([sys.executable, "-c", MAIL_SERVER], stdout=subprocess.PIPE,
                          text=True) as mail:
        config = store.with_password(
            store.connection(server(port=int(mail.stdout.readline())), "/unused"))
        with refuses("database-refuses", "Check the user"):
            store.check(config)
        mail.terminate()


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_secret(monkeypatch, value):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(PASSWORD_VARIABLE, value)
    with refuses("no-database-password", PASSWORD_VARIABLE):
        store.with_password(store.connection(server(), "/unused"))
