"""The section `beam` of a configuration."""

from typing import Any

from pydantic import model_validator

from pipeline.beam.runners import runner_of
from trainer.options import Strict


class BeamOptions(Strict):
    """What runs the steps that read and write all data.

    Attributes:
      runner: The engine: `direct` is this machine; `flink`, `spark` and `dataflow` are clusters.
      options: Values by the names of Beam's options for that engine.
    """

    runner: str = "direct"
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known(self) -> "BeamOptions":
        self.arguments()
        return self

    def arguments(self) -> list[str]:
        """Returns the arguments of every Beam pipeline.

        Raises:
          InputError: There is no such engine or option, or a value is not allowed.
        """
        return runner_of(self.runner).arguments(self.options)

    def require_reachable(self) -> None:
        """Refuses options that the steps of a cluster could not use.

        Raises:
          InputError: There is no job service for them.
        """
        runner_of(self.runner).require_reachable(self.options)
