"""What a model's files must be before they are loaded: whole, and of operations that may run."""

import hashlib
from pathlib import Path

from schemas.errors import InputError

FILE = "manifest.sha256"
WARM_UP = Path("assets.extra", "tf_serving_warmup_requests")


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
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    actual = _digests(folder)
    faults = sorted({name for name in {*expected, *actual}
                     if expected.get(name) != actual.get(name)})
    if faults:
        raise InputError(
            "manifest-differs",
            f"{folder} is not what was exported: {', '.join(faults[:5])} differ from {FILE}"
            + (f", and {len(faults) - 5} more" if len(faults) > 5 else "")
            + ". Copy the version again."
        )


def _digests(folder: Path) -> dict[str, str]:
    """Returns the sum of each file by its path from the folder, in order."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != FILE:
            with path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


_ALLOWED = Path(__file__).with_name("operations.txt")
TABLE_OF_FILE = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
# What touches the model's own files: when it is loaded, and when it is saved, which no server does.
OF_LOADING = TABLE_OF_FILE | {"DisableCopyOnRead", "RestoreV2"}
OF_SAVING = frozenset({"MergeV2Checkpoints", "SaveV2", "ShardedFilename"})


def allowed_operations() -> frozenset[str]:
    """Returns the operations of a stock server that neither touch files nor run Python."""
    lines = _ALLOWED.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
