"""The operations that a served model may have."""

from pathlib import Path

_ALLOWED = Path(__file__).with_name("operations.txt")
TABLE_OF_FILE = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
# What touches the model's own files, when it is saved and loaded.
OF_LOADING = TABLE_OF_FILE | {
    "DisableCopyOnRead", "MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"}


def allowed_operations() -> frozenset[str]:
    """Returns the operations of a stock server that neither touch files nor run Python."""
    lines = _ALLOWED.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
