"""What figures were measured on: no time is worth anything without it."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

_PACKAGES = ("tensorflow", "grpcio", "numpy", "tfx")


def machine() -> dict[str, str | int]:
    """Returns cores, processor, memory, and the versions of what runs on them."""
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"cores": len(os.sched_getaffinity(0)),
            "processor": _first("/proc/cpuinfo", "model name"),
            "memory": _first("/proc/meminfo", "MemTotal"), "system": platform.platform(),
            "python": platform.python_version(), **versions, "commit": _commit()}


def cpu_seconds() -> float:
    """Returns the time that this process and its ended children had of a processor."""
    return sum(os.times()[:4])


def _first(file: str, key: str) -> str:
    """Returns the first value of a key in one of the kernel's files, or nothing."""
    path = Path(file)
    for line in path.read_text().splitlines() if path.exists() else ():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _commit() -> str:
    """Returns what is measured, `-dirty` where files differ from it; nothing outside of git."""
    try:
        told = subprocess.run(["git", "describe", "--always", "--dirty"], text=True,
                              cwd=Path(__file__).parent, capture_output=True)
    except FileNotFoundError:
        return ""
    return told.stdout.strip()
