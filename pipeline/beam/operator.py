"""How TFX runs its Beam steps: with our arguments, and with our errors coming back as they were."""

import contextlib
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator

from pipeline.beam.faults import job_fault
from schemas import TesseraError
from schemas.errors import restored


class Operator(BeamExecutorOperator):
    """Makes the pipelines of a Beam executor.

    TFX would send a copy of itself along with each job (2 s and 52 MB a step); workers are of the
    project's own environment, and have it.
    """

    def __init__(self, arguments: Sequence[str], executor_spec: Any,
                 platform_config: Any = None) -> None:
        """Takes Beam's arguments besides what TFX gives to an operator."""
        super().__init__(executor_spec, platform_config)
        self._arguments = list(arguments)

    def run_executor(self, execution_info: Any, make_beam_pipeline_fn: Any = None) -> Any:
        """Runs the executor.

        Raises:
          TesseraError: One was raised in a worker, or the job service is away or lost the job.
          Exception: Whatever else the executor raised.
        """
        try:
            return super().run_executor(execution_info, make_beam_pipeline_fn or self._pipeline)
        except TesseraError:
            raise
        except Exception as error:
            ours = restored(error) or job_fault(error)
            if ours is None:
                raise
            raise ours from error

    def _pipeline(self) -> beam.Pipeline:
        return _Job(options=PipelineOptions(self._arguments))


class _Job(beam.Pipeline):
    """A pipeline whose job does not go on without the step that waits for it."""

    result: Any = None

    def __exit__(self, *failure: Any) -> None:
        try:
            super().__exit__(*failure)
        except (KeyboardInterrupt, SystemExit):
            if self.result is not None:
                with contextlib.suppress(Exception):  # the service may be what is away
                    self.result.cancel()
            raise
