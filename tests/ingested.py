"""Ingest as the executor runs it, and what it left in its folders."""

import json
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

import apache_beam as beam
import tensorflow as tf

from components.catalog_gen.ingest import ingest
from schemas import SIDES


@dataclass(frozen=True)
class Ingested:
    """What ingest wrote.

    Attributes:
      examples: Serialized Examples, sorted, by table and split, as in `"users/Split-all"`.
      counts: The content of counts.json.
      faults: The lines of quarantine.jsonl.
    """

    examples: dict[str, list[bytes]]
    counts: dict
    faults: list[dict]

    def kept(self, side: str) -> int:
        """Returns the number of a table's Examples."""
        return sum(len(rows) for split, rows in self.examples.items() if split.startswith(side))

    def told(self, side: str) -> dict[tuple[str, int], str]:
        """Returns a table's reasons by file and line, those of one line joined."""
        reasons: dict[tuple[str, int], str] = {}
        for fault in self.faults:
            if fault["table"] == side:
                place = fault["source"], fault["line"]
                said = f"{fault['kind']}: {fault['reason']}"
                reasons[place] = f"{reasons[place]}; {said}" if place in reasons else said
        return reasons


def run_ingest(source, spec, folder: Path, protocol: str = "u80") -> Ingested:
    """Ingests a source into a folder, the only place of the tests on files that calls ingest."""
    tables = {side: str(folder / side) for side in SIDES}
    for name in ("quarantine", "scratch"):
        (folder / name).mkdir(parents=True)
    scratch = [str(folder / "scratch")] if "scratch" in signature(ingest).parameters else []
    with beam.Pipeline() as pipeline:
        ingest(pipeline, source, spec, protocol, tables, str(folder / "quarantine"), *scratch)
    examples = {}
    for split in sorted(folder.glob("*/Split-*")):
        files = [str(p) for p in split.glob("*.gz")]
        records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
        examples[f"{split.parent.name}/{split.name}"] = sorted(records)
    written = (folder / "quarantine" / "quarantine.jsonl").read_text(encoding="utf-8")
    counts = json.loads((folder / "quarantine" / "counts.json").read_text())
    return Ingested(examples, counts, [json.loads(line) for line in written.split("\n") if line])
