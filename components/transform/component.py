"""Transform: the preprocessing of one table."""

from tfx.components.transform import component as stock
from tfx.dsl.components.base import executor_spec

from components.transform.executor import Executor


class Transform(stock.Transform):
    """TFX's Transform with our executor; its arguments are the stock component's."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
