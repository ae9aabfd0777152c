"""A MariaDB server of our own for tests: its own folder, a free port, the loop-back address."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """Its address, and who may connect."""

    port: int
    host: str = "127.0.0.1"
    user: str = "tessera"
    password: str = "not-a-real-one"
    database: str = "tessera"


@contextlib.contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """Runs a server with an empty database while it is entered.

    Args:
      folder: An empty folder for its files.

    Raises:
      RuntimeError: It does not answer within a minute; the message ends with its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, log, address = folder / "data", folder / "mariadb.log", folder / "mariadb.sock"
    # A server started by root needs a flag that says so; the packages bring a user of its own.
    owner = "mysql" if os.getuid() == 0 else ""
    as_owner = [f"--user={owner}"] if owner else []
    if owner:
        shutil.chown(folder, owner)
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal", *as_owner],
        check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(free.getsockname()[1])
    with log.open("w") as output:
        process = subprocess.Popen(
            ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={address}",
             f"--port={server.port}", f"--bind-address={server.host}",
             f"--pid-file={folder / 'pid'}", *as_owner],
            stdout=output, stderr=subprocess.STDOUT)
    try:
        _make_database(process, address, server, log)
        yield server
    finally:
        process.terminate()
        process.wait()


def _make_database(process: subprocess.Popen, address: Path, server: Server, log: Path) -> None:
    statements = (f"CREATE DATABASE {server.database}; "
                  f"CREATE USER '{server.user}'@'%' IDENTIFIED BY '{server.password}'; "
                  f"GRANT ALL ON {server.database}.* TO '{server.user}'@'%';")
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        client = subprocess.run(["mariadb", "--no-defaults", "-uroot", f"--socket={address}",
                                 "-e", statements], capture_output=True, check=False)
        if client.returncode == 0:
            return
        time.sleep(0.2)
    raise RuntimeError("mariadbd does not answer:\n" + log.read_text(encoding="utf-8")[-2000:])
