"""The work of `Exporter`: a model of trained weights, and what it says of test."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils
from tfx.utils import path_utils

from components.artifacts import RUN
from components.trainer.executor import given
from trainer.export.run import export


class Executor(base_executor.BaseExecutor):
    """Builds the model around the weights and writes it; nothing is trained."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See `ExporterSpec` for the artifacts and parameters."""
        written = output_dict.get("predictions") or output_dict["scores"]
        model = artifact_utils.get_single_instance(output_dict["model"])
        run = self._context.pipeline_run_id if self._context else ""
        model.set_string_custom_property(RUN, run or "")
        export(given(input_dict, exec_properties),
               Path(artifact_utils.get_single_uri(input_dict["weights"])),
               Path(path_utils.serving_model_dir(model.uri)),
               Path(artifact_utils.get_single_uri(written)))
