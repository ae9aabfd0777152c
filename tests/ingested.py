"""Ingest as the executor runs it, and what it left in its folders."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import tensorflow as tf

from components.catalog_gen.ingest import ingest
from components.privacy.options import AS_IT_IS, Privacy
from schemas import SIDES


@dataclass(frozen=True)
class Ingested:
    """What ingest wrote.

    Attributes:
      in_order: Serialized Examples as written, by table and split, as in `"users/Split-all"`.
      counts: The content of counts.json.
      faults: The lines of quarantine.jsonl.
    """

    in_order: dict[str, list[bytes]]
    counts: dict
    faults: list[dict]

    @property
    def examples(self) -> dict[str, list[bytes]]:
        """The Examples, sorted."""
        return {split: sorted(rows) for split, rows in self.in_order.items()}

    def kept(self, side: str) -> int:
        """Returns the number of a table's Examples."""
        return sum(len(rows) for split, rows in self.in_order.items() if split.startswith(side))

    def reasons_of(self, side: str) -> dict[tuple[str, int], str]:
        """Returns a table's reasons by file and line, those of one line joined."""
        reasons: dict[tuple[str, int], str] = {}
        for fault in self.faults:
            if fault["table"] == side:
                place = fault["source"], fault["line"]
                text = f"{fault['kind']}: {fault['reason']}"
                reasons[place] = f"{reasons[place]}; {text}" if place in reasons else text
        return reasons


def run_ingest(source, spec, folder: Path, protocol: str = "u80",
               privacy: Privacy = AS_IT_IS) -> Ingested:
    """Ingests a source into a folder, as the executor does."""
    tables = {side: str(folder / side) for side in SIDES}
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    with beam.Pipeline() as pipeline:
        ingest(pipeline, source, spec, protocol, tables, str(folder / "quarantine"), str(scratch),
               privacy)
    shutil.rmtree(scratch)
    examples = {}
    for split in sorted(folder.glob("*/Split-*")):
        files = sorted(str(p) for p in split.glob("*.gz"))
        records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
        examples[f"{split.parent.name}/{split.name}"] = list(records)
    written = (folder / "quarantine" / "quarantine.jsonl").read_text(encoding="utf-8")
    counts = json.loads((folder / "quarantine" / "counts.json").read_text())
    return Ingested(examples, counts, [json.loads(line) for line in written.split("\n") if line])
