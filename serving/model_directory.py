"""The folder layout of TensorFlow Serving: `<base path>/<integer version>/saved_model.pb`."""

import re
from pathlib import Path

from schemas.errors import InputError

# What TensorFlow Serving's int64 holds, in ASCII digits.
_VERSION = re.compile(r"[0-9]{1,18}")


def versions(base_path: Path) -> dict[int, Path]:
    """Finds the versions that hold a `saved_model.pb`.

    Args:
      base_path: The folder of the versions.

    Returns:
      Folders by version, the newest first.
    """
    versions = {
        int(file.parent.name): file.parent
        for file in base_path.glob("*/saved_model.pb")
        if _VERSION.fullmatch(file.parent.name) and file.is_file()
    }
    return dict(sorted(versions.items(), reverse=True))


def require_versions(base_path: Path) -> None:
    """Refuses a folder from which nothing can be served.

    Raises:
      InputError: If there is no such folder, or no version in it.
    """
    if not base_path.is_dir():
        raise InputError("no-model-folder",
                         f"There is no model folder {base_path}. Give the one that Pusher fills.")
    if not versions(base_path):
        raise InputError(
            "no-model-version",
            f"{base_path} holds no model version. Expected {base_path}/<integer version>/"
            "saved_model.pb; give the folder above the versions."
        )


def fingerprint(version_path: Path) -> tuple[tuple[str, int, int], ...]:
    """Returns name, size and modification time in ns of each file, to see whether one changed."""
    files = [(file, file.stat()) for file in sorted(version_path.rglob("*")) if file.is_file()]
    return tuple(
        (str(file.relative_to(version_path)), stat.st_size, stat.st_mtime_ns)
        for file, stat in files
    )
