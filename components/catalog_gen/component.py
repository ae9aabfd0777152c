"""CatalogGen: three tables of Examples from a source."""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, base_beam_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts

from components.artifacts import FINGERPRINT, SPAN, Quarantine
from components.catalog_gen.deletions import read_deletions
from components.catalog_gen.ingest import ingest
from components.catalog_gen.splits import SPLITS, check_protocol
from components.code_digest import code_digest
from components.parameter_driver import ParameterDriver
from components.privacy.options import AS_IT_IS, Privacy
from components.sources import open_source
from components.sources.base import Source
from schemas import SIDES, FeatureSpec, InputError, parse_spec

_BLOCK = 1 << 20
log = logging.getLogger("tessera.catalog_gen")


class Driver(ParameterDriver):
    """Sets the fingerprint of the source's files."""

    def parameters(self, given: dict[str, Any]) -> dict[str, str]:
        """Returns the fingerprint."""
        privacy = Privacy.model_validate_json(given["privacy"])
        return {"fingerprint": fingerprint(open_source(**json.loads(given["source"])),
                                           read_deletions(privacy.deletion_list))}


def fingerprint(source: Source, deleted: Iterable[str] = ()) -> str:
    """Digests the paths and the content of all files of a source.

    Args:
      source: The source.
      deleted: Users whose rows are not read.

    Returns:
      Thirty-two hexadecimal digits. One changed byte changes them, and so does a file or a folder
      of another name: rows name their pictures by paths. Where the whole dataset is changes none.
    """
    digest = hashlib.blake2b(digest_size=16)
    for user in sorted(deleted):
        digest.update(user.encode("utf-8", "surrogatepass") + b"\0")
    for path in sorted(source.files()):
        # What a link leads to decides whether it may be read, and a folder's what its paths mean.
        link = os.readlink(path) if path.is_symlink() else ""
        name = os.fsencode(os.path.relpath(path, source.data_dir))
        digest.update(b"%b\0%b\0" % (name, os.fsencode(link)))
        if path.is_dir():
            continue
        digest.update(b"%d\0" % path.stat().st_size)
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


class Executor(base_beam_executor.BaseBeamExecutor):
    """Reads a source, checks its records and writes three tables and a quarantine."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See `CatalogGenSpec` for the artifacts and parameters."""
        spec = parse_spec(**json.loads(exec_properties["spec"]))
        source = open_source(**json.loads(exec_properties["source"]))
        privacy = Privacy.model_validate_json(exec_properties["privacy"])
        if privacy.key_id(spec) != exec_properties["key_id"]:
            raise InputError("another-privacy-key",
                             "The key of the environment is not the one that the run began with.")
        span = (json.loads(exec_properties["source"]).get("spans") or {}).get("until")
        tables = {}
        for side in SIDES:
            artifact = artifact_utils.get_single_instance(output_dict[side])
            splits = list(SPLITS) if side == "interactions" else ["all"]
            artifact.split_names = artifact_utils.encode_split_names(splits)
            tables[side] = artifact.uri
            artifact.set_string_custom_property(
                FINGERPRINT, exec_properties.get("fingerprint") or "")
            if span:
                artifact.set_string_custom_property(SPAN, span)
        quarantine = artifact_utils.get_single_uri(output_dict["quarantine"])
        # Beside the output, which every worker reaches; it is gone however the work ends.
        os.makedirs(quarantine, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".ingest-", dir=quarantine) as scratch,
            self._make_beam_pipeline() as pipeline,
        ):
            ingest(pipeline, source, spec, exec_properties["split"], tables, quarantine, scratch,
                   privacy)
        counts = json.loads(Path(quarantine, "counts.json").read_text(encoding="utf-8"))
        log.info("CatalogGen: %s", ", ".join(
            f"{counts[side]['kept']:,} of {counts[side]['read']:,} {side} kept" for side in SIDES))


class CatalogGenSpec(types.ComponentSpec):
    """Artifacts and parameters of `CatalogGen`."""

    PARAMETERS = {
        "source": component_spec.ExecutionParameter(type=str),
        "spec": component_spec.ExecutionParameter(type=str),
        "split": component_spec.ExecutionParameter(type=str),
        "privacy": component_spec.ExecutionParameter(type=str),
        "key_id": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
        "fingerprint": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict = {}
    OUTPUTS = {
        "users": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "items": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "interactions": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "quarantine": component_spec.ChannelParameter(type=Quarantine),
    }


class CatalogGen(base_beam_component.BaseBeamComponent):
    """Ingests a source: users and items once each, interactions split in time with histories."""

    SPEC_CLASS = CatalogGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, source: dict[str, Any], spec: FeatureSpec, split: str,
                 privacy: Privacy = AS_IT_IS):
        """Declares the step.

        Args:
          source: Arguments of `components.sources.open_source`.
          spec: The dataset's spec.
          split: `"u80"`, `"t80"`, `"random"`, or the name of a column that holds each row's
            split.
          privacy: What becomes of personal data. Of a key only a digest is kept.

        Raises:
          InputError: The dataset cannot be split that way, or a key is needed and there is none.
        """
        check_protocol(split, spec)
        super().__init__(
            CatalogGenSpec(
                source=json.dumps(source, sort_keys=True),
                spec=spec.to_json(),
                split=split,
                # How figures are shown is nothing that ingest does.
                privacy=privacy.model_dump_json(exclude={"fewest_users"}),
                key_id=privacy.key_id(spec),
                code_digest=code_digest("components.catalog_gen.component",
                                        "components.decoding.worker"),
                users=types.Channel(type=standard_artifacts.Examples),
                items=types.Channel(type=standard_artifacts.Examples),
                interactions=types.Channel(type=standard_artifacts.Examples),
                quarantine=types.Channel(type=Quarantine),
            )
        )
