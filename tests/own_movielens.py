"""MovieLens-100K written anew as a user's own CSV files, with a configuration for each way."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from ingested import run_ingest

import schemas
from components.sources import SOURCES, open_source
from components.sources.base import Source
from pipeline.config import RunConfig, load_config
from schemas import SIDES, read_spec

NAME = "movielens-100k"


@dataclass(frozen=True)
class Given:
    """The dataset by its adapter and as own files."""

    folder: Path
    adapter: RunConfig
    own_files: RunConfig

    def ingested(self, config: RunConfig) -> dict[str, list[bytes]]:
        """Returns the rows of each table and split, in order."""
        spec = read_spec(config.schemas or SOURCES[config.dataset].schema)
        source = open_source(**config.source_arguments(spec))
        return run_ingest(source, spec, self.folder / config.dataset, config.split).in_order


def write_movielens_as_csv(data_dir: Path, folder: Path) -> Given:
    """Writes the tables as CSV with other column names, and the posters beside them."""
    adapter = load_config(None, dataset=NAME, data_dir=data_dir, root=folder / "root-adapter")
    spec = read_spec(SOURCES[NAME].schema)
    source = open_source(**adapter.source_arguments(spec))
    (folder / "media").mkdir()
    tables = {}
    for side in SIDES:
        names = {f.name: f"{f.name} of {side}" for f in spec.table(side) if not f.derived}
        with (folder / f"{side}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, delimiter=";")
            rows.writerow(names.values())
            for values in _values(source, side):
                rows.writerow([_cell(values.get(name), folder / "media") for name in names])
        tables[side] = {"files": f"{side}.csv", "columns": names}
    schema = Path(schemas.__file__).parent / SOURCES[NAME].schema
    (folder / "own.yaml").write_text(yaml.safe_dump({
        "dataset": "csv", "schemas": str(schema), "root": str(folder / "root-csv"),
        "source": {**tables, "delimiter": ";", "media_dir": "media"}}), encoding="utf-8")
    return Given(folder, adapter, load_config(folder / "own.yaml"))


def _values(source: Source, side: str):
    for shard in source.shards(side):
        for record in source.records(side, shard):
            yield record.values


def _cell(value: object, media: Path) -> object:
    if isinstance(value, Path):
        shutil.copyfile(value, media / value.name)
        return value.name
    return "|".join(value) if isinstance(value, list) else value
