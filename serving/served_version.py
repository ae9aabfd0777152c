"""One version that requests can ask: its process, its queue and its signatures."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.errors import InputError, TesseraError
from serving import wire
from serving.batching import Batcher
from serving.request_guard import checked_inputs, checked_outputs, require_finite_outputs
from serving.request_log import logged_histories
from serving.signature import DEFAULT_SIGNATURE, filled
from serving.tensors import tensor_proto
from serving.wire import MAX_MESSAGE_BYTES
from serving.worker import Worker

_NICENESS = 10
_log = logging.getLogger(__name__)
_Response = wire.message("PredictResponse")


class ServedVersion:
    """Loads a version in a process of its own.

    Args:
      path: The version's folder; its name is the version.
      joined: Whether requests that wait are run together.
      on_batch: Is called with the rows of each run.
      beside: Whether another version is served meanwhile, which loading must not slow down.
      wanted: Whether the version is still wanted while it loads.

    Attributes:
      version: The version.
      signatures: Its `SignatureDef`s by name.
      logged_histories: The inputs of histories whose values a log may have.

    Raises:
      InputError: If the version must not be served or cannot be loaded.
      LoadStoppedError: If it is wanted no longer.
    """

    def __init__(self, path: Path, joined: bool = True,
                 on_batch: Callable[[int], None] = lambda rows: None,
                 beside: bool = False, wanted: Callable[[], bool] = lambda: True) -> None:
        self.version = int(path.name)
        self._worker = Worker(path, os.cpu_count() or 1, _NICENESS if beside else 0, wanted)
        self.signatures = self._worker.signatures
        self.logged_histories = logged_histories(path)
        self._batcher = Batcher(self._worker.run, self._worker.slots, joined)
        self._warm_up()
        self._batcher = Batcher(self._worker.run, self._worker.slots, joined, on_batch)

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._worker.alive

    @property
    def waiting(self) -> int:
        """Number of requests that wait."""
        return self._batcher.waiting

    def _warm_up(self) -> None:
        """Asks once on the way that requests take, whose first is slow; it counts nowhere."""
        if (signature := self.signatures.get(DEFAULT_SIGNATURE)) is None:
            return
        inputs = {key: tensor_proto(filled(info, batch=1, number=1))
                  for key, info in signature.inputs.items()}
        try:
            self.predict(DEFAULT_SIGNATURE, inputs)
        except TesseraError as error:  # such values may be none of the model's
            _log.debug("Version %s could not be asked: %s", self.version, error)

    def predict(self, name: str, inputs: Mapping[str, Any], output_filter: Sequence[str] = (),
                deadline: float = float("inf"), alive: Callable[[], bool] = lambda: True) -> Any:
        """Runs a signature.

        Args:
          name: The signature.
          inputs: `TensorProto`s by input name; all of the signature's inputs, no others.
          output_filter: The outputs to return; all when empty.
          deadline: When nobody waits for it any more, on `time.monotonic`'s clock.
          alive: Whether somebody still waits for it.

        Returns:
          A `PredictResponse` with the outputs.

        Raises:
          InputError: If the request does not fit the signature.
          ModelError: If the model refuses the values.
          ExpiredError: If nobody waits for it any more.
          WorkerLostError: If the process has ended.
        """
        if name not in self.signatures:
            raise InputError(
                "unknown-signature",
                f"Unknown signature {name[:100]!r}. "
                f"This model has: {', '.join(sorted(self.signatures))}."
            )
        signature = self.signatures[name]
        outputs = checked_outputs(name, signature, output_filter)
        arrays = checked_inputs(name, signature, inputs)
        results = self._batcher(name, arrays, outputs, deadline, alive)
        require_finite_outputs(name, results)
        response = _Response()
        for output, array in results.items():
            response.outputs[output].CopyFrom(tensor_proto(array))
        if response.ByteSize() > MAX_MESSAGE_BYTES:
            raise InputError(
                "result-too-large",
                f"The response of signature {name!r} is larger than {MAX_MESSAGE_BYTES >> 20} MiB. "
                "Ask for fewer rows, or for fewer outputs with output_filter."
            )
        return response

    def close(self) -> None:
        """Ends its process once nothing runs."""
        self._worker.close()
