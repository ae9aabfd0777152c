"""CatalogGen: three tables of Examples from a source."""

import json
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifacts import Quarantine
from components.catalog_gen.driver import Driver
from components.catalog_gen.executor import Executor
from components.catalog_gen.splits import check_protocol
from components.code_digest import code_digest
from components.privacy.options import AS_IT_IS, Privacy
from schemas import FeatureSpec


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
                # How figures are told is nothing that ingest does.
                privacy=privacy.model_dump_json(exclude={"fewest_users"}),
                key_id=privacy.key_id(spec),
                code_digest=code_digest("components.catalog_gen.executor",
                                        "components.decoding.worker"),
                users=types.Channel(type=standard_artifacts.Examples),
                items=types.Channel(type=standard_artifacts.Examples),
                interactions=types.Channel(type=standard_artifacts.Examples),
                quarantine=types.Channel(type=Quarantine),
            )
        )
