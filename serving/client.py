"""A typed client of TensorFlow Serving's gRPC interface, stock server or embedded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np

from schemas.errors import InputError, TesseraError
from serving.message_limits import MESSAGE_LIMITS

# TensorFlow takes seconds to import, and its protos need it: it is imported where it is used.
if TYPE_CHECKING:
    from tensorflow.core.protobuf import meta_graph_pb2

_REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_HISTORY = "history_"
_USER_WEIGHTS, _ITEM_WEIGHTS = "user_modality_weights", "item_modality_weights"


class ServerUnavailableError(TesseraError):
    """No server responds, or not in time."""


class RequestError(InputError):
    """The server refuses this request, such as a wrong name, dtype or shape."""


@dataclass(frozen=True)
class Recommendation:
    """One recommended item.

    Attributes:
      item_id: The item.
      score: What the list is ordered by.
      tasks: The other tasks' predictions, such as a rating, by task; a list of probabilities where
        a task has several classes or labels.
      user_weights: How much each part of the user had a say; the run's `metrics.json` names them,
        in this order. Empty if a model has none.
      item_weights: The same of the item.
    """

    item_id: str
    score: float
    tasks: dict[str, Any]
    user_weights: list[float]
    item_weights: list[float]


@dataclass(frozen=True)
class VersionStatus:
    """The state of one version of the model on the server.

    Attributes:
      version: The version.
      state: `START`, `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
      error: Why it could not be loaded, or empty.
    """

    version: int
    state: str
    error: str = ""


class Client:
    """Asks one model on one server; use it as a context manager.

    Args:
      host: The server's address.
      port: The server's gRPC port.
      model: The model's name.
      timeout_s: How long to wait for one response, in seconds.
    """

    def __init__(
        self, host: str, port: int, model: str = "tessera", timeout_s: float = 10.0
    ) -> None:
        self._address = f"{host}:{port}"
        self._model = model
        self._timeout_s = timeout_s
        self._channel = grpc.insecure_channel(self._address, options=MESSAGE_LIMITS)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def recommend(
        self,
        user_ids: Sequence[str],
        k: int = 10,
        history: Mapping[str, Sequence[Sequence[Any]]] | None = None,
        timestamps: Sequence[int] | None = None,
    ) -> list[list[Recommendation]]:
        """Recommends items to users.

        Args:
          user_ids: The users; `''` for one without an id.
          k: The number of items for each user.
          history: What users did of late in place of what the model knows: by column, such as
            `{"item_id": [["7", "3"], []]}`, one list a user, newest first.
          timestamps: The time of the request for each user, in seconds; absent by default.

        Returns:
          For each user at most `k` items, the best first.

        Raises:
          InputError: If the arguments do not fit together or the model refuses them.
          ServerUnavailableError: If no server responds.
        """
        if k < 1:
            raise InputError("bad-k", f"k must be at least 1; given: {k}.")
        if not user_ids:
            return []
        batch = len(user_ids)
        inputs: dict[str, Any] = {"user_id": list(user_ids), "k": [k] * batch}
        if timestamps is not None:
            inputs["timestamp"] = list(timestamps)
        if history:
            inputs |= self._history_inputs(history, batch)
        outputs = self.predict("recommend", inputs)
        item_ids, scores = outputs.pop("item_ids"), outputs.pop("scores")
        users = outputs.pop(_USER_WEIGHTS, np.zeros((batch, 0)))
        items = outputs.pop(_ITEM_WEIGHTS, np.zeros((*item_ids.shape, 0)))
        return [
            [
                Recommendation(
                    item_id.decode(),
                    float(scores[row, place]),
                    {task: values[row, place].tolist() for task, values in outputs.items()},
                    users[row].tolist(),
                    items[row, place].tolist(),
                )
                for place, item_id in enumerate(item_ids[row])
                if item_id
            ]
            for row in range(batch)
        ]

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Runs a signature; inputs that are not given are sent as absent.

        Args:
          signature: The signature's name.
          inputs: Arrays or nested lists by input name, each with the batch first. Encoded pictures
            are sent as a person sees them (`schemas.pictures`), which is how ingest stores them.

        Returns:
          Arrays by output name; strings are bytes in arrays of dtype object.

        Raises:
          InputError: If an input cannot be converted to what the signature expects.
          RequestError: If the model has no such signature or refuses the inputs.
          ServerUnavailableError: If no server responds.
        """
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        from serving.signature import converted, filled, with_pictures_as_seen

        expected = self._inputs(signature)
        # An input that is not expected is left to the server, whose response lists what is.
        arrays = {
            name: with_pictures_as_seen(converted(name, value, expected[name]))
            if name in expected else np.asarray(value)
            for name, value in inputs.items()
        }
        batch = _batch_size(arrays)
        for name, info in expected.items():
            if name not in arrays:
                arrays[name] = filled(info, batch=batch)
        request = predict_pb2.PredictRequest(
            inputs={name: tf.make_tensor_proto(array) for name, array in arrays.items()}
        )
        request.model_spec.name = self._model
        request.model_spec.signature_name = signature
        stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        with self._typed_errors():
            response = stub.Predict(request, timeout=self._timeout_s)
        return {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}

    def status(self) -> list[VersionStatus]:
        """Tells the versions that the server knows and their states, the newest first.

        Raises:
          RequestError: If the server does not know the model.
          ServerUnavailableError: If no server responds.
        """
        from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        stub = model_service_pb2_grpc.ModelServiceStub(self._channel)
        with self._typed_errors():
            response = stub.GetModelStatus(request, timeout=self._timeout_s)
        name_of = get_model_status_pb2.ModelVersionStatus.State.Name
        versions = [
            VersionStatus(one.version, name_of(one.state), one.status.error_message)
            for one in response.model_version_status
        ]
        return sorted(versions, key=lambda one: -one.version)

    @cached_property
    def signatures(self) -> Mapping[str, meta_graph_pb2.SignatureDef]:
        """The model's signatures by name, asked of the server once."""
        from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = self._model
        stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        with self._typed_errors():
            response = stub.GetModelMetadata(request, timeout=self._timeout_s)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return dict(signatures.signature_def)

    def _inputs(self, signature: str) -> Mapping[str, meta_graph_pb2.TensorInfo]:
        if signature not in self.signatures:
            known = ", ".join(sorted(self.signatures))
            raise RequestError("unknown-signature-of-server",
                               f"Unknown signature {signature!r}. {self._model} has: {known}.")
        return self.signatures[signature].inputs

    def _history_inputs(
        self, history: Mapping[str, Sequence[Sequence[Any]]], batch: int
    ) -> dict[str, np.ndarray]:
        from serving.signature import filled

        width = max([1, *(len(row) for rows in history.values() for row in rows)])
        # Columns that are not given get the width of the others, so that places correspond.
        padded = {
            name: filled(info, batch=batch, width=width)
            for name, info in self._inputs("recommend").items()
            if name.startswith(_HISTORY)
        }
        for column, rows in history.items():
            name = _HISTORY + column
            if name not in padded:
                known = ", ".join(sorted(one.removeprefix(_HISTORY) for one in padded))
                raise InputError("unknown-history-column",
                                 f"Unknown history column {column!r}. Known: {known}.")
            if len(rows) != batch:
                raise InputError(
                    "history-of-other-batch",
                    f"History column {column!r} has {len(rows)} lists for {batch} users. "
                    "Give one list a user, an empty one where there is no history."
                )
            try:
                for place, row in enumerate(rows):
                    padded[name][place, : len(row)] = row
            except (TypeError, ValueError) as error:
                raise InputError("bad-history-value",
                                 f"History column {column!r} cannot be sent: {error}.") from error
        return padded

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
            if code == grpc.StatusCode.UNAVAILABLE:
                raise ServerUnavailableError(
                    "server-unavailable",
                    f"No server responds at {self._address}. Start one with `tessera serve`."
                ) from error
            if code == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise ServerUnavailableError(
                    "server-timeout",
                    f"The server at {self._address} did not respond within {self._timeout_s:g} s."
                ) from error
            if code in _REFUSED:
                raise RequestError("request-refused", details) from error
            raise TesseraError(
                "server-failed",
                f"The server at {self._address} failed with {code.name}: {details}"
            ) from error


def _batch_size(arrays: Mapping[str, np.ndarray]) -> int:
    sizes = {name: len(array) for name, array in arrays.items() if array.ndim}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError("unequal-batch", f"The inputs differ in their number of rows: {counts}.")
    return next(iter(sizes.values()), 1)
