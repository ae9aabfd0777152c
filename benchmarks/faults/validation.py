"""Ingest and validation of a folder of files, as the pipeline has them and without its metadata."""

import json
import shutil
from pathlib import Path

import apache_beam as beam
import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders import example_coder

from components.catalog_gen.ingest import ingest
from components.data_profile.component import make_profile, write_profile
from components.data_profile.statistics import statistics_file
from components.data_validator.component import validate
from components.data_validator.verdict import DataVerdict
from components.sources.base import Source
from components.splits import split_folders
from schemas import SIDES, FeatureSpec


def validated(source: Source, spec: FeatureSpec, folder: Path, now: int,
              past: Path | None = None) -> DataVerdict:
    """Ingests a source and judges its data.

    Args:
      source: The opened source.
      spec: Its spec.
      folder: Where to write; `folder / "profile"` is the past of a later call.
      now: The present second.
      past: The profile to compare with.

    Returns:
      The verdict.
    """
    tables = {side: str(folder / side) for side in SIDES}
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    with beam.Pipeline() as pipeline:
        ingest(pipeline, source, spec, "u80", tables, str(folder / "quarantine"), str(scratch))
    shutil.rmtree(scratch)
    anomalies = {f"{side}_anomalies": str(folder / f"{side}_anomalies") for side in SIDES}
    profile = folder / "profile"
    profile.mkdir()
    for side in SIDES:
        schema = text_format.Parse(spec.expectations(side), schema_pb2.Schema())
        for place, (split, files) in enumerate(split_folders(tables[side]).items()):
            statistics = _statistics(files, schema)
            diff = Path(anomalies[f"{side}_anomalies"], f"Split-{split}", "SchemaDiff.pb")
            diff.parent.mkdir(parents=True)
            diff.write_bytes(tfdv.validate_statistics(statistics, schema).SerializeToString())
            if not place:
                (profile / statistics_file(side)).write_bytes(statistics.SerializeToString())
    folders = {**tables, "quarantine": str(folder / "quarantine")}
    write_profile(str(profile), make_profile(spec, folders, now) | {"run": folder.name})
    return validate({**json.loads(spec.to_json()), "max_lost": 0.01},
                    {**folders, **anomalies, "profile": str(profile)},
                    [str(past)] if past else [])


def _statistics(folder: Path, schema: schema_pb2.Schema):
    files = sorted(str(path) for path in folder.glob("*.gz"))
    batches = tf.data.TFRecordDataset(files, "GZIP").batch(10_000).as_numpy_iterator()
    records = [record for batch in batches for record in batch]
    # As StatisticsGen does, only columns that there are.
    batch = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(records)
    return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions(schema=schema))
