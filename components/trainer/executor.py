"""The work of `Trainer`, and how a component's artifacts become what training reads."""

import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import Artifact, artifact_utils

from schemas import SIDES
from trainer.run import Given, read_given, train


class Executor(base_executor.BaseExecutor):
    """Trains on all three tables; neither export nor checks are known here."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See `TrainerSpec` for the artifacts and parameters."""
        earlier = input_dict.get("earlier")
        train(given(input_dict, exec_properties),
              Path(artifact_utils.get_single_uri(output_dict["model_run"])),
              Path(artifact_utils.get_single_uri(output_dict["weights"])),
              Path(artifact_utils.get_single_uri(earlier)) if earlier else None)


def given(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> Given:
    """Reads the inputs and parameters that `TrainerSpec` has, for all who read the same."""
    encodings = input_dict.get("encodings")
    return read_given(
        json.loads(exec_properties["custom_config"]),
        {side: _files(input_dict[side]) for side in SIDES},
        {side: artifact_utils.get_single_uri(input_dict[f"{side}_graph"]) for side in SIDES},
        artifact_utils.get_single_uri(encodings) if encodings else None,
        exec_properties["code_digest"])


def _files(examples: list[Artifact]) -> dict[str, list[str]]:
    artifact = artifact_utils.get_single_instance(examples)
    return {
        split: sorted(fileio.glob(f"{artifact_utils.get_split_uri([artifact], split)}/*"))
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }
