"""The artifact of MediaEncoder: vectors by table and column, and what serving needs of encoders.

    encodings.json                   by modality: foreign operations, if any
    <table>/<feature>/vectors.npz    ids, vectors `(rows, ...)` and present `(rows,)`
    <table>/<feature>/columns.json   the declarations of these two columns
    modules/<modality>/              SavedModel of `Encoder`, where a stock server can run it
    tails/<modality>.keras           the layers that are trained further, where there are any
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainer.preprocessing import columns
from trainer.preprocessing.column import Column, Purpose, read_columns, write_columns

_MANIFEST, _VECTORS = "encodings.json", "vectors.npz"


def encoded(feature: str) -> str:
    """Returns the column of a pretrained encoder's vectors; it has a `present` of its own."""
    return f"{feature}__encoded"


@dataclass(frozen=True)
class Encodings:
    """Vectors by table and column, in a folder.

    Attributes:
      folder: The artifact's folder.
    """

    folder: Path

    def write_manifest(self, entries: dict[str, dict[str, Any]]) -> None:
        """Writes `foreign` (operations) by modality."""
        text = json.dumps(entries, indent=1, sort_keys=True)
        (self.folder / _MANIFEST).write_text(text, encoding="utf-8")

    def manifest(self) -> dict[str, dict[str, Any]]:
        """Reads what `write_manifest` wrote."""
        return json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))

    def write(self, table: str, feature: str, ids: list[str], vectors: np.ndarray,
              present: np.ndarray) -> None:
        """Writes a feature's vectors `(rows, ...)` and `present` `(rows,)` beside the ids."""
        folder = self.folder / table / feature
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / _VECTORS, ids=np.array(ids, dtype=str), vectors=vectors, present=present)
        name = encoded(feature)
        write_columns([
            Column(name, feature, str(vectors.dtype), vectors.shape[1:], purpose=Purpose.VECTOR),
            Column(columns.present(name), feature, str(present.dtype), purpose=Purpose.PRESENT),
        ], folder)

    def columns(self, table: str, feature: str) -> dict[Purpose, Column]:
        """Returns the declarations of a feature's columns: `VECTOR` and `PRESENT`."""
        declared = read_columns(self.folder / table / feature)
        return {column.purpose: column for column in declared.values()}

    def read(self, table: str, feature: str, ids: list[str]) -> dict[str, np.ndarray]:
        """Reads a feature's columns for a table's ids.

        Args:
          table: `users` or `items`.
          feature: The raw column's name.
          ids: The ids in order, without the unknown one.

        Returns:
          The encoded column and its flag, `(1 + len(ids), ...)`; row 0, the unknown id, is absent.
        """
        with np.load(self.folder / table / feature / _VECTORS) as stored:
            place = {name: row for row, name in enumerate(stored["ids"].tolist())}
            order = np.array([place[name] for name in ids], np.int64)
            vectors, present = stored["vectors"][order], stored["present"][order]
        declared = self.columns(table, feature)
        unknown = np.zeros((1, *vectors.shape[1:]), vectors.dtype)
        return {declared[Purpose.VECTOR].name: np.concatenate([unknown, vectors]),
                declared[Purpose.PRESENT].name: np.concatenate(
                    [np.zeros(1, present.dtype), present])}

    def module(self, modality: str) -> Path:
        """Returns the folder of an encoder's SavedModel; there is none of foreign operations."""
        return self.folder / "modules" / modality

    def tail(self, modality: str) -> Path:
        """Returns the file of an encoder's trained layers, where there are any."""
        return self.folder / "tails" / f"{modality}.keras"

