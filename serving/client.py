"""A typed client of TensorFlow Serving's gRPC interface, stock server or embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc
import numpy as np

from schemas.errors import InputError, TesseraError
from serving import wire
from serving.message_limits import MESSAGE_LIMITS
from serving.signature import HISTORY, converted, filled, with_pictures_as_seen
from serving.tensors import ndarray, tensor_proto

_REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_Predict = wire.message("PredictRequest")
# A connection that a proxy drops in silence is seen; what no server has done is asked again.
_RETRIES = ('{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 3, '
            '"initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, '
            '"retryableStatusCodes": ["UNAVAILABLE"]}}]}')
_OPTIONS = [*MESSAGE_LIMITS, ("grpc.keepalive_time_ms", 60_000), ("grpc.service_config", _RETRIES)]
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
      version: The version to ask, or its label, such as `stable`; the server's choice by default.
    """

    def __init__(
        self, host: str, port: int, model: str = "tessera", timeout_s: float = 10.0,
        version: int | str | None = None,
    ) -> None:
        self._address = f"{host}:{port}"
        self._model = model
        self._timeout_s = timeout_s
        self._version = version
        self._signatures: dict[str, Any] | None = None
        self._signatures_of = 0  # the version that they are of
        self._channel = grpc.insecure_channel(self._address, options=_OPTIONS)

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
        outputs = self._with_current_signatures(lambda: self._predict(
            "recommend", inputs | (self._history_inputs(history, batch) if history else {})))
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
        return self._with_current_signatures(lambda: self._predict(signature, inputs))

    def _with_current_signatures(
        self, predict: Callable[[], dict[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Asks once more if the server has another version, with other inputs, by now."""
        try:
            return predict()
        except InputError:
            before, self._signatures = self._signatures, None
            if before is None or self.signatures == before:
                raise
        return predict()

    def _predict(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
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
        request = _Predict()
        self._specify(request.model_spec)
        request.model_spec.signature_name = signature
        for name, array in arrays.items():
            request.inputs[name].CopyFrom(_proto(name, array))
        response = self._call("PredictionService", "Predict", request)
        if response.model_spec.version.value != self._signatures_of:
            self._signatures = None
        return {name: ndarray(tensor) for name, tensor in response.outputs.items()}

    def status(self) -> list[VersionStatus]:
        """Tells the versions that the server knows and their states, the newest first.

        Raises:
          RequestError: If the server does not know the model.
          ServerUnavailableError: If no server responds.
        """
        request = wire.message("GetModelStatusRequest")()
        request.model_spec.name = self._model
        response = self._call("ModelService", "GetModelStatus", request)
        state_of = wire.POOL.FindEnumTypeByName("tensorflow.serving.State").values_by_number
        versions = [
            VersionStatus(one.version, state_of[one.state].name, one.status.error_message)
            for one in response.model_version_status
        ]
        return sorted(versions, key=lambda one: -one.version)

    @property
    def served_version(self) -> int:
        """The version that the signatures are of."""
        self.signatures  # noqa: B018  asks the server if need be
        return self._signatures_of

    @property
    def signatures(self) -> Mapping[str, Any]:
        """The model's `SignatureDef`s by name, asked of the server once a version."""
        if self._signatures is None:
            request = wire.message("GetModelMetadataRequest")(metadata_field=["signature_def"])
            self._specify(request.model_spec)
            response = self._call("PredictionService", "GetModelMetadata", request)
            signatures = wire.message("SignatureDefMap")()
            response.metadata["signature_def"].Unpack(signatures)
            self._signatures = dict(signatures.signature_def)
            self._signatures_of = response.model_spec.version.value
        return self._signatures

    def _specify(self, spec: Any) -> None:
        spec.name = self._model
        if isinstance(self._version, str):
            spec.version_label = self._version
        elif self._version is not None:
            spec.version.value = self._version

    def _call(self, service: str, method: str, request: Any) -> Any:
        response = wire.message(f"{wire.SERVICES[service][method]}Response")
        call = self._channel.unary_unary(
            f"/tensorflow.serving.{service}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString)
        with self._typed_errors():
            return call(request, timeout=self._timeout_s)

    def _inputs(self, signature: str) -> Mapping[str, Any]:
        if signature not in self.signatures:
            known = ", ".join(sorted(self.signatures))
            raise RequestError("unknown-signature-of-server",
                               f"Unknown signature {signature!r}. {self._model} has: {known}.")
        return self.signatures[signature].inputs

    def _history_inputs(
        self, history: Mapping[str, Sequence[Sequence[Any]]], batch: int
    ) -> dict[str, np.ndarray]:
        width = max([1, *(len(row) for rows in history.values() for row in rows)])
        # Columns that are not given get the width of the others, so that places correspond.
        padded = {
            name: filled(info, batch=batch, width=width)
            for name, info in self._inputs("recommend").items()
            if name.startswith(HISTORY)
        }
        for column, rows in history.items():
            name = HISTORY + column
            if name not in padded:
                known = ", ".join(sorted(one.removeprefix(HISTORY) for one in padded))
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


def _proto(name: str, array: np.ndarray) -> Any:
    try:
        return tensor_proto(array)
    except TypeError as error:
        raise InputError("bad-input-value", f"Input {name!r} cannot be sent: {error}.") from error
