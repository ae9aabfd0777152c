"""One loaded version of a SavedModel, called with checked requests."""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from serving.model_check import checked_signatures
from serving.signature import filled

# Each is a copy of its part of the graph, and a request may ask for any of a signature's outputs.
_MOST_CALLS = 64
# A request's operations run in the thread that brings it: to hand them over costs more. The graph
# runs as it was exported: to optimise it again for each signature takes longer than all else that a
# start does, and no response comes the sooner.
_OPTIONS = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=-1)
_OPTIONS.graph_options.rewrite_options.disable_meta_optimizer = True
_log = logging.getLogger(__name__)


def start_threads() -> None:
    """Starts TensorFlow's own threads, which are for ever as nice as who starts them."""
    tf.compat.v1.Session(graph=tf.Graph(), config=_OPTIONS).close()


class Servable:
    """A SavedModel in memory; calls may come from several threads at once.

    TensorFlow's eager calls leak about 340 bytes for each tensor made of an array. A session is
    fed with arrays and leaks nothing.

    Args:
      path: The version's folder; its name is the version.

    Raises:
      InputError: If the model must not be served.
      Exception: Whatever TensorFlow raises for a file that is not a whole SavedModel.
    """

    def __init__(self, path: Path) -> None:
        self.version = int(path.name)
        self.signatures = checked_signatures(path)
        graph = tf.Graph()
        with graph.as_default():
            self._session = tf.compat.v1.Session(graph=graph, config=_OPTIONS)
            loaded = tf.compat.v1.saved_model.load(self._session, ["serve"], str(path))
        # The loader holds each input's and output's place in the graph.
        self._places = loaded.signature_def
        self._lock = threading.Lock()
        self._calls: dict[tuple[str, tuple[str, ...]], Any] = {}

    def run(
        self, name: str, arrays: Mapping[str, np.ndarray], outputs: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
          name: The signature.
          arrays: All of its inputs.
          outputs: The outputs to return.

        Returns:
          Arrays by output; strings are bytes in arrays of dtype object.

        Raises:
          tf.errors.OpError: If the model refuses the values.
        """
        inputs = sorted(arrays)
        values = self._call(name, inputs, tuple(outputs))(*(arrays[one] for one in inputs))
        return dict(zip(outputs, values, strict=True))

    def _call(self, name: str, inputs: Sequence[str], outputs: tuple[str, ...]) -> Any:
        """Returns what runs a part of the graph; the parts used last are kept."""
        with self._lock:
            call = self._calls.pop((name, outputs), None)
            if call is None:
                places = self._places[name]
                call = self._session.make_callable(
                    [places.outputs[output].name for output in outputs],
                    feed_list=[places.inputs[one].name for one in inputs])
                if len(self._calls) >= _MOST_CALLS:
                    del self._calls[next(iter(self._calls))]
            self._calls[name, outputs] = call
            return call

    def warm_up(self) -> None:
        """Calls each signature once, since a first call is slow.

        Raises:
          tf.errors.OpError: If a signature fails for another reason than the values.
        """
        for name, signature in self.signatures.items():
            # 1 is a possible value of any number, a count such as `k` included; -1 is not.
            arrays = {
                key: filled(info, batch=1, number=1) for key, info in signature.inputs.items()
            }
            try:
                self.run(name, arrays, sorted(signature.outputs))
            except (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError) as error:
                _log.debug("Signature %s could not be warmed up: %s", name, error.message)

    def close(self) -> None:
        """Gives the memory back."""
        self._session.close()
