"""A PostgreSQL server of our own for tests: its own folder, a free port, the loop-back address."""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.kubeflow.mariadb import Server


def programs() -> Path | None:
    """Returns where PostgreSQL's programs are; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and (on_path := shutil.which("initdb")):
        found = [Path(on_path).resolve()]
    return found[-1].parent if found else None


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """Runs a server with an empty database while it is entered."""
    binaries = programs()
    assert binaries is not None
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(free.getsockname()[1])
    secret, data, log = folder / "password", folder / "data", folder / "log"
    secret.write_text(server.password)
    # It will not be run by root; the package brings a user of its own.
    owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if owner:
        for path in (folder, secret):
            shutil.chown(path, "postgres")

    def run(program: str, *words: object) -> None:
        subprocess.run([*owner, binaries / program, *map(str, words)], check=True, cwd="/",
                       stdout=subprocess.DEVNULL)

    run("initdb", "-D", data, "-A", "scram-sha-256", "-U", server.user, f"--pwfile={secret}")
    options = f"-p {server.port} -h {server.host} -k {folder}"
    run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
    try:
        subprocess.run(
            [binaries / "createdb", "-h", server.host, "-p", str(server.port), "-U", server.user,
             server.database], check=True, env={**os.environ, "PGPASSWORD": server.password})
        yield server
    finally:
        run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
