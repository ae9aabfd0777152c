"""One loaded version of a SavedModel, called with checked requests."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from schemas.errors import InputError
from serving.request_guard import checked_inputs
from serving.signature import describe, filled

_log = logging.getLogger(__name__)


class Servable:
    """A SavedModel in memory; calls may come from several threads at once.

    Args:
      path: The version's folder; its name is the version.

    Raises:
      Exception: Whatever `tf.saved_model.load` raises for a file that is not a whole SavedModel.
    """

    def __init__(self, path: Path) -> None:
        self.version = int(path.name)
        saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
        # The whole object is kept: its functions hold their variables by weak references only.
        self._model = tf.saved_model.load(str(path))
        self.signatures: dict[str, meta_graph_pb2.SignatureDef] = {
            name: signature
            for name, signature in saved.meta_graphs[0].signature_def.items()
            if name in self._model.signatures
        }

    def predict(
        self,
        name: str,
        inputs: Mapping[str, tensor_pb2.TensorProto],
        output_filter: Sequence[str] = (),
    ) -> dict[str, tensor_pb2.TensorProto]:
        """Runs a signature.

        Args:
          name: The signature.
          inputs: Tensors by input name; all of the signature's inputs, no others.
          output_filter: The outputs to return; all when empty.

        Returns:
          Tensors by output name.

        Raises:
          InputError: If the request does not fit the signature.
          tf.errors.OpError: If the model refuses the values.
        """
        if name not in self.signatures:
            raise InputError(
                "unknown-signature",
                f"Unknown signature {name!r}. This model has: {', '.join(sorted(self.signatures))}."
            )
        signature = self.signatures[name]
        arrays = checked_inputs(name, signature.inputs, inputs)
        wanted = list(output_filter) or list(signature.outputs)
        if unknown := sorted(set(wanted) - set(signature.outputs)):
            raise InputError(
                "unknown-output",
                f"Unknown output {', '.join(unknown)} in output_filter of signature {name!r}. "
                f"Outputs: {describe(signature.outputs)}."
            )
        outputs = self._run(name, arrays)
        return {output: tf.make_tensor_proto(outputs[output].numpy()) for output in wanted}

    def warm_up(self) -> None:
        """Calls each signature once, since a first call is slow."""
        for name, signature in self.signatures.items():
            # 1 is a possible value of any number, a count such as `k` included; -1 is not.
            arrays = {
                key: filled(info, batch=1, number=1) for key, info in signature.inputs.items()
            }
            try:
                self._run(name, arrays)
            except tf.errors.OpError as error:
                _log.debug("Signature %s could not be warmed up: %s", name, error.message)

    def _run(self, name: str, arrays: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
        return self._model.signatures[name](
            **{key: tf.convert_to_tensor(array) for key, array in arrays.items()}
        )
