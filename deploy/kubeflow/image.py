"""The project's image for the end-to-end test, on bases that no registry is needed for."""

import shutil
import subprocess
from pathlib import Path

from deploy.kubeflow.engine import docker

IMAGE = "tessera:e2e"
_BASE, _BUILD = "tessera-base:bookworm", "tessera-build:bookworm"
_MIRROR = "http://deb.debian.org/debian"
_PYTHON = "python3.11,python3.11-venv,ca-certificates,libgomp1"
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
    system = folder / "system"
    shutil.rmtree(system, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "base.log").open("w") as log:
        quiet = {"check": True, "stdout": log, "stderr": subprocess.STDOUT}
        subprocess.run(["debootstrap", "--variant=minbase", f"--include={_PYTHON}", "bookworm",
                        system, _MIRROR], **quiet)
        _import(address, system, _BASE)
        subprocess.run(["chroot", system, "apt-get", "install", "-y", "--no-install-recommends",
                        "g++", "python3.11-dev"], **quiet)
        _import(address, system, _BUILD)
    shutil.rmtree(system)


def _import(address: str, system: Path, name: str) -> None:
    with subprocess.Popen(["tar", "-C", str(system), "-c", "."], stdout=subprocess.PIPE) as packed:
        docker(address, "import", "-", name, stdin=packed.stdout, stdout=subprocess.DEVNULL)
