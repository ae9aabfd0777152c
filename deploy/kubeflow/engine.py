"""A Docker engine of our own for the end-to-end test: its own socket, data and process."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PACKAGES = {"dockerd": "docker.io", "containerd": "containerd", "debootstrap": "debootstrap",
            "mariadbd": "mariadb-server", "iptables": "iptables"}
_SECONDS = 60


def install_missing() -> None:
    """Installs Debian's own packages of what is missing; needs root."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if not missing:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        subprocess.run(["apt-get", "-q", *words], env=environment, check=True,
                       stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def docker_engine(folder: Path) -> Iterator[str]:
    """Runs a Docker engine while it is entered.

    Args:
      folder: Its folder; images stay in it for the next time.

    Yields:
      The address of its socket, for `DOCKER_HOST`.

    Raises:
      RuntimeError: It does not answer within a minute; the message ends with its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address, log = f"unix://{folder}/docker.sock", folder / "dockerd.log"
    with log.open("w") as output:
        # Debian's engine may be beside another one's client, earlier on the path.
        engine = subprocess.Popen(
            ["dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec",
             "--pidfile", folder / "docker.pid", "--host", address, "--bip", "10.231.0.1/24"],
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "PATH": f"/usr/sbin:/usr/bin:{os.environ['PATH']}"})
    try:
        _await(engine, address, log)
        yield address
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait()
        # It leaves its network namespaces mounted, and nobody could remove the folder.
        for namespace in (folder / "exec" / "netns").glob("*"):
            subprocess.run(["umount", namespace], capture_output=True, check=False)


def docker(address: str, *words: object, **how) -> subprocess.CompletedProcess:
    """Runs a command of Debian's own client, which builds with BuildKit and needs no plug-in."""
    return subprocess.run(["/usr/bin/docker", "-H", address, *map(str, words)], check=True,
                          env={**os.environ, "DOCKER_BUILDKIT": "1"}, **how)


def _await(engine: subprocess.Popen, address: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while engine.poll() is None and time.monotonic() < deadline:
        answer = subprocess.run(["/usr/bin/docker", "-H", address, "version"],
                                capture_output=True, check=False)
        if answer.returncode == 0:
            return
        time.sleep(0.5)
    raise RuntimeError("dockerd does not answer:\n" + "\n".join(
        log.read_text(encoding="utf-8").splitlines()[-10:]))
