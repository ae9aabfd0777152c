"""The project's image for the end-to-end test, on bases that no registry is needed for."""

import shutil
import subprocess
from pathlib import Path

from deploy.kubeflow.engine import docker

IMAGE = "tessera:e2e"
_BASE, _BUILD = "tessera-base:bookworm", "tessera-build:bookworm"
_MIRROR = "http://deb.debian.org/debian"
# debootstrap resolves no virtual packages: python3.11-venv asks for one that distutils provides.
_PYTHON = "python3.11,python3.11-venv,python3-distutils,ca-certificates,libgomp1"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def build_image(address: str, folder: Path, project: Path) -> str:
    """Builds the image from the project's Dockerfile.

    Args:
      address: The engine's address.
      folder: Where the bases' files are made, once.
      project: The project's root.

    Returns:
      The image's name.
    """
    known = docker(address, "images", "--format", "{{.Repository}}:{{.Tag}}",
                   capture_output=True, text=True).stdout.split()
    if not {_BASE, _BUILD} <= set(known):
        _make_bases(address, folder)
    docker(address, "build", "--quiet", "--network", "host", "-t", IMAGE,
           "--build-arg", f"BUILD_IMAGE={_BUILD}", "--build-arg", f"BASE_IMAGE={_BASE}",
           *(["--secret", f"id=ca,src={_CERTIFICATES}"] if _CERTIFICATES.is_file() else []),
           project, stdout=subprocess.DEVNULL)
    return IMAGE


def _make_bases(address: str, folder: Path) -> None:
    """Debian with Python, and the same with a compiler."""
    system, log = folder / "system", folder / "base.log"
    shutil.rmtree(system, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    _logged(log, "debootstrap", "--variant=minbase", f"--include={_PYTHON}", "bookworm",
            str(system), _MIRROR)
    _import(address, system, _BASE)
    _logged(log, "chroot", str(system), "apt-get", "install", "-y", "--no-install-recommends",
            "g++", "python3.11-dev")
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
