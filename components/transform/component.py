"""Transform: the preprocessing of one table."""

from pathlib import Path
from typing import Any

from absl import flags
from tfx.components.transform import component as stock
from tfx.components.transform import executor as stock_executor
from tfx.dsl.components.base import executor_spec
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import CUSTOM_CONFIG_KEY, TRANSFORM_GRAPH_KEY
from tfx.utils import json_utils
from tfx_bsl.coders import batch_util

from components.code_digest import code_digest
from trainer.modalities import files_of
from trainer.preprocess import declared_columns
from trainer.preprocessing.column import write_columns

_FLAG = "tfxio_use_byte_size_batching"
_ROWS = 1024


class Executor(stock_executor.Executor):
    """Batches up to 20 MiB and 1024 rows: a batch of media as they come would not fit in memory.

    The bytes bound what goes in. The rows bound what comes out, which is as large for an item
    without a picture, a sound or a video as for one with them.

    TFX has no parameter for the batch size; tfx_bsl has a flag, which it reads from the process's
    flags, and a number of its own for the rows, 8192.
    """

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Does what the stock executor does, and writes the columns' declarations to the graph."""
        if not flags.FLAGS.is_parsed():
            flags.FLAGS.mark_as_parsed()
        before = flags.FLAGS[_FLAG].value, batch_util._BATCH_SIZE_CAP_WITH_BYTE_TARGET
        flags.FLAGS[_FLAG].value, batch_util._BATCH_SIZE_CAP_WITH_BYTE_TARGET = True, _ROWS
        try:
            super().Do(input_dict, output_dict, exec_properties)
        finally:
            flags.FLAGS[_FLAG].value, batch_util._BATCH_SIZE_CAP_WITH_BYTE_TARGET = before
        declare(output_dict, exec_properties)


def declare(output_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> None:
    """Writes the declarations of the columns beside the graph that makes them."""
    declared = declared_columns(json_utils.loads(exec_properties[CUSTOM_CONFIG_KEY]))
    write_columns(declared, Path(artifact_utils.get_single_uri(output_dict[TRANSFORM_GRAPH_KEY])))


def transform_code() -> str:
    """Digests the code that makes columns, and no tower, for the step's cache key."""
    return code_digest("components.transform.component", "trainer.preprocess",
                       *files_of("preprocess"))


class Transform(stock.Transform):
    """TFX's Transform with our executor; its arguments are the stock component's."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
