"""Ingest as a TFX executor; the work is the Beam pipeline in `ingest.py`."""

import json
import logging
import os
import tempfile
from pathlib import Path

from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components.artifacts import FINGERPRINT
from components.catalog_gen.ingest import ingest
from components.catalog_gen.splits import SPLITS
from components.privacy.options import Privacy
from components.sources import open_source
from schemas import SIDES, InputError, parse_spec

log = logging.getLogger("tessera.catalog_gen")


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
        tables = {}
        for side in SIDES:
            artifact = artifact_utils.get_single_instance(output_dict[side])
            splits = list(SPLITS) if side == "interactions" else ["all"]
            artifact.split_names = artifact_utils.encode_split_names(splits)
            tables[side] = artifact.uri
            artifact.set_string_custom_property(
                FINGERPRINT, exec_properties.get("fingerprint") or "")
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
