"""The sums of a version's files, so that a damaged copy is seen before it is loaded.

The file is one of `sha256sum`: `cd VERSION && sha256sum --check manifest.sha256`.
"""

import hashlib
from pathlib import Path

from schemas.errors import InputError

FILE = "manifest.sha256"


def write_manifest(folder: Path) -> None:
    """Writes the sums of all files in a version's folder."""
    lines = [f"{digest}  {name}\n" for name, digest in _digests(folder).items()]
    (folder / FILE).write_text("".join(lines), encoding="utf-8")


def require_manifest(folder: Path) -> None:
    """Refuses a version whose files are not those of its manifest; one without any may pass.

    Raises:
      InputError: A file is missing, is not in the manifest, or has another sum.
    """
    file = folder / FILE
    if not file.is_file():
        return
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    told = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = _digests(folder)
    faults = sorted({name for name in {*told, *found} if told.get(name) != found.get(name)})
    if faults:
        raise InputError(
            "manifest-differs",
            f"{folder} is not what was exported: {', '.join(faults[:5])} differ from {FILE}"
            + (f", and {len(faults) - 5} more" if len(faults) > 5 else "")
            + ". Copy the version again."
        )


def _digests(folder: Path) -> dict[str, str]:
    """Returns the sum of each file by its path from the folder, in order."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != FILE:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
