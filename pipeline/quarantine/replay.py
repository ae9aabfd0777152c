"""Which of the records that a run left out would be left out now."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam

from components.catalog_gen.ingest import ingest
from components.sources import open_source
from pipeline.config import RunConfig
from pipeline.quarantine.records import BadRecord, Place, read_records
from schemas import SIDES


@dataclass(frozen=True)
class Replay:
    """What became of the records that a run left out.

    Attributes:
      accepted: Those that are whole now.
      remaining: Those that still have a fault, as it is now.
      new: Records that have a fault now and had none.
    """

    accepted: tuple[BadRecord, ...]
    remaining: tuple[BadRecord, ...]
    new: tuple[BadRecord, ...]

    def __str__(self) -> str:
        before = len(self.accepted) + len(self.remaining)
        return (f"{len(self.accepted):,} of {before:,} records are accepted now, "
                f"{len(self.remaining):,} still have a fault, and {len(self.new):,} are new.")


def replay(config: RunConfig, quarantine: Path) -> Replay:
    """Ingests a dataset into a folder that is thrown away.

    Args:
      config: Where the data are, their schemas and their split.
      quarantine: What a run left out.

    Raises:
      InputError: The data cannot be read.
    """
    spec = config.spec()
    source = open_source(**config.source_arguments(spec))
    before = {one.place: one for one in read_records(quarantine)}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder, "scratch")
        scratch.mkdir()
        with beam.Pipeline() as pipeline:
            ingest(pipeline, source, spec, config.split,
                   {side: str(Path(folder, side)) for side in SIDES},
                   str(Path(folder, "quarantine")), str(scratch),
                   config.privacy)
        now: dict[Place, BadRecord] = {
            one.place: one for one in read_records(Path(folder, "quarantine"))}
    return Replay(tuple(one for place, one in before.items() if place not in now),
                  tuple(one for place, one in now.items() if place in before),
                  tuple(one for place, one in now.items() if place not in before))
