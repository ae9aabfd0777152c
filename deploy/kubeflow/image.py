"""The project's image for the end-to-end test, on bases that no registry is needed for."""

import shutil
import subprocess
from pathlib import Path

from deploy.kubeflow.engine import docker

IMAGE = "tessera:e2e"
_BASE, _BUILD = "tessera-base:trixie", "tessera-build:trixie"
# What Python's own modules are linked with, and what wheels expect of a system.
_LIBRARIES = ("ca-certificates,libgomp1,libssl3t64,libsqlite3-0,libffi8,libreadline8t64,liblzma5,"
              "libbz2-1.0,libncursesw6,zlib1g,libuuid1,libcrypt1,libexpat1")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def build_image(address: str, folder: Path, project: Path, python: str) -> str:
    """Builds the image from the project's Dockerfile.

    Args:
      address: The engine's address.
      folder: Where the bases' files are made, once.
      project: The project's root.
      python: A Python 3.12, of which the bases get a copy: Debian 13 itself has 3.13.

    Returns:
      The image's name.
    """
    known = docker(address, "images", "--format", "{{.Repository}}:{{.Tag}}",
                   capture_output=True, text=True).stdout.split()
    if not {_BASE, _BUILD} <= set(known):
        _make_bases(address, folder, python)
    docker(address, "build", "--quiet", "--network", "host", "-t", IMAGE,
           "--build-arg", f"BUILD_IMAGE={_BUILD}", "--build-arg", f"BASE_IMAGE={_BASE}",
           *(["--secret", f"id=ca,src={_CERTIFICATES}"] if _CERTIFICATES.is_file() else []),
           project, stdout=subprocess.DEVNULL)
    return IMAGE


def _make_bases(address: str, folder: Path, python: str) -> None:
    """Debian with Python, and the same with a compiler."""
    system, log = folder / "system", folder / "base.log"
    shutil.rmtree(system, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    _logged(log, "debootstrap", "--variant=minbase", f"--include={_LIBRARIES}", "trixie",
            str(system))
    prefix = subprocess.run([python, "-c", "import sys; print(sys.base_prefix)"], check=True,
                            capture_output=True, text=True).stdout.strip()
    shutil.copytree(prefix, system / "usr" / "local", symlinks=True, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__", "test", "site-packages"))
    _logged(log, "chroot", str(system), "ldconfig")  # Python's library was built for another place
    _import(address, system, _BASE)
    _logged(log, "chroot", str(system), "apt-get", "install", "-y", "--no-install-recommends",
            "g++")
    _import(address, system, _BUILD)
    shutil.rmtree(system)


def _logged(path: Path, *words: str) -> None:
    with path.open("a") as log:
        code = subprocess.run(words, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        last = "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])
        raise RuntimeError(f"{words[0]} failed; {path} ends with:\n{last}")


def _import(address: str, system: Path, name: str) -> None:
    with subprocess.Popen(["tar", "-C", str(system), "-c", "."], stdout=subprocess.PIPE) as packed:
        docker(address, "import", "-", name, stdin=packed.stdout, stdout=subprocess.DEVNULL)
