"""Encodes the tables' contents; the vectors are beside the encoders that made them."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import tensorflow as tf
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import Artifact, artifact_utils

from components.code_digest import code_digest
from components.media_encoder.encode import encode_column, read_column
from components.media_encoder.vectors import VectorCache
from schemas import FeatureSpec, parse_spec
from schemas.progress import Progress
from trainer.encoders.encoder import Encoder
from trainer.encoders.encodings import Encodings
from trainer.encoders.module import load
from trainer.encoders.options import Encoder as Options
from trainer.modalities import files_of
from trainer.modalities.encoders import read_encoders

log = logging.getLogger("tessera.media_encoder")
_TABLES = ("users", "items")


class Executor(base_executor.BaseExecutor):
    """Runs each encoder over the columns of its modality, of users and of items."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See `MediaEncoderSpec` for the artifacts and parameters."""
        spec = parse_spec(**json.loads(exec_properties["spec"]))
        encoders = read_encoders(json.loads(exec_properties["encoders"]))
        versions = json.loads(exec_properties["versions"])
        encodings = Encodings(Path(artifact_utils.get_single_uri(output_dict["encodings"])))
        files = {table: _files(input_dict[table]) for table in _TABLES}
        manifest = {}
        for modality, options in encoders.items():
            cache = Path(exec_properties["cache"]) / _version(versions[modality], options)
            manifest[modality] = _encode(spec, modality, options, files, cache, encodings)
        encodings.write_manifest(manifest)


def _encode(spec: FeatureSpec, modality: str, options: Options, files: dict[str, list[str]],
            cache: Path, encodings: Encodings) -> dict[str, Any]:
    """Encodes all columns of a modality; returns the manifest's entry."""
    module = load(modality, options)
    encoder = Encoder(modality, options, module)
    shape = tuple(encoder.shape)
    known = VectorCache(cache, shape)
    for table in _TABLES:
        identity = spec.id_key(table).name
        for feature in spec.inputs(table, (modality,)):
            rows = Progress(f"Encoder of {modality}, {table} read").over(
                read_column(files[table], identity, feature.name))
            encoded = encode_column(rows, encoder.encode, options.batch_size, known)
            encodings.write(table, feature.name, *encoded)
            log.info("MediaEncoder: %s %s of %s, %s of them absent", f"{len(encoded[0]):,}",
                     feature.name, table, f"{int((encoded[2] == 0).sum()):,}")
    if not module.foreign:
        tf.saved_model.save(encoder, str(encodings.module(modality)))
    if module.tail is not None:
        encodings.tail(modality).parent.mkdir(parents=True, exist_ok=True)
        module.tail.save(encodings.tail(modality))
    return {"foreign": list(module.foreign)}


def _version(content: str, options: Options) -> str:
    """Names all that a vector depends on besides the value that it is of."""
    read = options.model_dump(
        mode="json", exclude={"handle", "batch_size", "replaces_tower"})
    code = code_digest("trainer.encoders.encoder", *files_of("encode"))
    made_of = json.dumps([content, read, code], sort_keys=True)
    return hashlib.sha256(made_of.encode()).hexdigest()[:32]


def _files(examples: list[Artifact]) -> list[str]:
    folder = artifact_utils.get_split_uri(examples, "all")
    return sorted(fileio.glob(f"{folder}/*"))
