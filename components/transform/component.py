"""Transform: the preprocessing of one table."""

from tfx.components.transform import component as stock
from tfx.dsl.components.base import executor_spec

from components.code_digest import code_digest
from components.transform.executor import Executor
from trainer.modalities import files_of


def transform_code() -> str:
    """Digests the code that makes columns, and no tower, for the step's cache key."""
    return code_digest("components.transform.executor", "trainer.preprocessing.preprocess",
                       *files_of("preprocess"))


class Transform(stock.Transform):
    """TFX's Transform with our executor; its arguments are the stock component's."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
