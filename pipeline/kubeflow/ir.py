"""TFX's compiled pipeline, with the id of a run in it."""

from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2


def compile_ir(pipe: tfx_pipeline.Pipeline, run_id: str) -> pipeline_pb2.Pipeline:
    """Compiles a pipeline for one run.

    Args:
      pipe: The pipeline.
      run_id: The run's id in the metadata; the same id again continues that run.
    """
    ir = compiler.Compiler().compile(pipe)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
    return ir
