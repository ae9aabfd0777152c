"""MediaEncoder: vectors of users' and items' contents from pretrained encoders."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.types import Artifact, artifact_utils, component_spec, standard_artifacts

from components.artifacts import Encodings as EncodingsArtifact
from components.code_digest import code_digest
from components.media_encoder.encode import VectorCache, encode_column, read_column
from components.parameter_driver import ParameterDriver
from schemas import ENTITIES, FeatureSpec, parse_spec
from schemas.log import Progress
from trainer.encoders.encoder import Encoder
from trainer.encoders.encodings import Encodings
from trainer.encoders.module import digest, load, resolve
from trainer.modalities import MODALITIES, files_of
from trainer.modalities.options import Encoder as Options

log = logging.getLogger("tessera.media_encoder")


def read_encoders(plain: Mapping[str, Any]) -> dict[str, Options]:
    """Returns encoders by modality.

    Args:
      plain: Their options as plain values, by modality.
    """
    options = {name: MODALITIES[name].options.model_validate({"encoder": values})
               for name, values in plain.items()}
    return {name: one.encoded_by for name, one in options.items() if one.encoded_by}


class Driver(ParameterDriver):
    """Sets the digest of each encoder's files: a handle or a path says nothing of its content."""

    def parameters(self, given: dict[str, Any]) -> dict[str, str]:
        """Returns `versions`, digests by modality as JSON."""
        encoders = read_encoders(json.loads(given["encoders"]))
        return {"versions": json.dumps({
            modality: digest(resolve(modality, encoder.handle))
            for modality, encoder in sorted(encoders.items())})}


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
        files = {table: _files(input_dict[table]) for table in ENTITIES}
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
    for table in ENTITIES:
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


class MediaEncoderSpec(types.ComponentSpec):
    """Artifacts and parameters of `MediaEncoder`."""

    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "encoders": component_spec.ExecutionParameter(type=str),
        "cache": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
        "versions": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "items": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {"encodings": component_spec.ChannelParameter(type=EncodingsArtifact)}


class MediaEncoder(base_component.BaseComponent):
    """Encodes what a recipe asks for, once for each distinct content."""

    SPEC_CLASS = MediaEncoderSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, users: types.BaseChannel, items: types.BaseChannel, spec: FeatureSpec,
                 encoders: dict[str, Any], cache: Path):
        """Declares the step.

        Args:
          users: The users' raw Examples.
          items: The items' raw Examples.
          spec: The dataset's spec.
          encoders: The recipe's `encoders`, as plain JSON values.
          cache: Folder of the vectors that are known already.
        """
        super().__init__(
            MediaEncoderSpec(
                users=users,
                items=items,
                spec=spec.to_json(),
                encoders=json.dumps(encoders, sort_keys=True),
                cache=str(cache),
                code_digest=code_digest(
                    "components.media_encoder.component", *files_of("encode")),
                encodings=types.Channel(type=EncodingsArtifact),
            )
        )
