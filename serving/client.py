"""A typed client of TensorFlow Serving's gRPC interface, stock server or embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from schemas.errors import InputError
from serving import filters as choice
from serving import wire
from serving.connection import Connection, RequestError
from serving.filters import Filters, Unavailable
from serving.histories import history_inputs
from serving.recommendations import Recommendation, recommendations, task_axes
from serving.signature import DEFAULT_SIGNATURE, converted, filled, with_pictures_as_seen
from serving.status import VersionStatus
from serving.tensors import ndarray, tensor_proto
from serving.tls import channel_credentials

_Predict = wire.message("PredictRequest")
# Of one request: the rows, and the values of one input or of the result. A server may refuse more.
_ROWS, _VALUES = 1024, 16_384
T = TypeVar("T")


class Client:
    """Asks one model on one server; use it as a context manager.

    Args:
      host: The server's address.
      port: The server's gRPC port.
      model: The model's name.
      timeout_s: How long to wait for one response, in seconds.
      version: The version to ask, or its label, such as `stable`; the server's choice by default.
      unavailable: A file of items that are not recommended, one id a line; see `Unavailable`.
      ca: The authorities of the server's certificate, a PEM file; no TLS by default.
      key: The client's own key, for a server that holds clients against a certificate.
      certificate: The certificate of that key.
    """

    def __init__(
        self, host: str, port: int, model: str = "tessera", timeout_s: float = 10.0,
        version: int | str | None = None, unavailable: Path | None = None,
        ca: Path | None = None, key: Path | None = None, certificate: Path | None = None,
    ) -> None:
        self._unavailable = Unavailable(unavailable) if unavailable else None
        self._model = model
        self._version = version
        self._signatures: dict[str, Any] | None = None
        self._signatures_of = 0  # the version that they are of
        self._connection = Connection(
            host, port, timeout_s, channel_credentials(ca, key, certificate))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def recommend(
        self,
        user_ids: Sequence[str],
        k: int = 10,
        history: Mapping[str, Sequence[Sequence[Any]]] | None = None,
        timestamps: Sequence[int] | None = None,
        filters: Filters | None = None,
    ) -> list[list[Recommendation]]:
        """Recommends items to users, in as many requests as it takes.

        Args:
          user_ids: The users; `''` for one without an id.
          k: The number of items for each user.
          history: What users did of late in place of what the model knows: by column, such as
            `{"item_id": [["7", "3"], []]}`, one list a user, newest first.
          timestamps: The time of the request for each user, in seconds; absent by default.
          filters: What the lists may hold and how they are ordered.

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
        inputs: dict[str, Any] = {"user_id": list(user_ids), "k": [k] * len(user_ids)}
        if timestamps is not None:
            inputs["timestamp"] = list(timestamps)
        _batch_size({name: len(values) for name, values in inputs.items()})
        if self._unavailable is not None:
            filters = filters or Filters()
            filters = replace(filters, blocked=[*filters.blocked, *self._unavailable.ids()])
        return self._with_current_signatures(
            lambda: self._recommend(inputs, k, history, filters))

    def _recommend(
        self, inputs: Mapping[str, Any], k: int,
        history: Mapping[str, Sequence[Sequence[Any]]] | None, filters: Filters | None,
    ) -> list[list[Recommendation]]:
        batch = len(inputs["user_id"])
        histories = history_inputs(
            self._signature("recommend").inputs, history, batch) if history else {}
        inputs = {**inputs, **histories}
        signature = "recommend" if filters is None else choice.SIGNATURE
        same = {} if filters is None else filters.inputs(rows=1)
        widths = [values.shape[1] for values in [*histories.values(), *same.values()]
                  if values.ndim > 1]
        lists = []
        for some in _parts(batch, max(k, *widths) if widths else k):
            part = {name: values[some] for name, values in inputs.items()}
            rows = len(part["user_id"])
            part |= {name: np.repeat(values, rows, axis=0) for name, values in same.items()}
            lists += recommendations(self._predict(signature, part))
        return lists

    def score(self, user_ids: Sequence[str],
              candidates: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """Predicts every task for candidates of one's own, in as many requests as it takes.

        Args:
          user_ids: The users; `''` for one without an id.
          candidates: Items for each user, as many for each.

        Returns:
          Outputs of `serving_default`; `(users, candidates)` for a task of pairs.

        Raises:
          InputError: If there is no user or no candidate, the arguments do not fit together, or
            the model refuses them.
          ServerUnavailableError: If no server responds.
        """
        if not user_ids or not all(map(len, candidates)):
            raise InputError("no-candidates", "score needs at least one user, and at least one "
                             f"candidate for each; given: {len(user_ids)} users.")
        _batch_size({"user_id": len(user_ids), "candidates": len(candidates)})
        among = np.array(candidates, object).reshape(len(candidates), -1)
        parts = [self._score(user_ids[some], among[some]) for some in _parts(len(user_ids), 1)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _score(self, user_ids: Sequence[str], among: np.ndarray) -> dict[str, np.ndarray]:
        width = max(1, _VALUES // len(user_ids))
        parts = [self.predict(DEFAULT_SIGNATURE, {
            "user_id": list(user_ids), "candidates": among[:, start : start + width]})
            for start in range(0, among.shape[1], width)]
        outputs = self.signatures[DEFAULT_SIGNATURE].outputs
        of_pairs = [name for name, info in outputs.items()  # a fixed width is one of the user
                    if len(info.tensor_shape.dim) > 1 and info.tensor_shape.dim[1].size < 0]
        return {name: np.concatenate([part[name] for part in parts], axis=1)
                if name in of_pairs else values for name, values in parts[0].items()}

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Runs a signature; inputs that are not given are sent as absent.

        Args:
          signature: The signature's name.
          inputs: Arrays or nested lists by input name, each with the batch first. Encoded pictures
            are sent as a person sees them (`schemas.media`), which is how ingest stores them.

        Returns:
          Arrays by output name; strings are bytes in arrays of dtype object.

        Raises:
          InputError: If an input cannot be converted to what the signature expects.
          RequestError: If the model has no such signature or refuses the inputs.
          ServerUnavailableError: If no server responds.
        """
        return self._with_current_signatures(lambda: self._predict(signature, inputs))

    def _with_current_signatures(self, predict: Callable[[], T]) -> T:
        """Asks once more if the server has another version, with other inputs, by now."""
        try:
            return predict()
        except InputError:
            before, self._signatures = self._signatures, None
            if before is None or self.signatures == before:
                raise
        return predict()

    def _predict(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        expected = self._signature(signature).inputs
        # An input that is not expected is left to the server, whose response lists what is.
        arrays = {
            name: with_pictures_as_seen(converted(name, value, expected[name]))
            if name in expected else np.asarray(value)
            for name, value in inputs.items()
        }
        batch = _batch_size({name: len(array) for name, array in arrays.items() if array.ndim})
        for name, info in expected.items():
            if name not in arrays:
                arrays[name] = filled(info, batch=batch)
        request = _Predict()
        self._specify(request.model_spec)
        request.model_spec.signature_name = signature
        for name, array in arrays.items():
            request.inputs[name].CopyFrom(_proto(name, array))
        response = self._connection.call("PredictionService", "Predict", request)
        if response.model_spec.version.value != self._signatures_of:
            self._signatures = None
        return {name: ndarray(tensor) for name, tensor in response.outputs.items()}

    def status(self) -> list[VersionStatus]:
        """Returns the versions that the server knows and their states, the newest first.

        Raises:
          RequestError: If the server does not know the model.
          ServerUnavailableError: If no server responds.
        """
        request = wire.message("GetModelStatusRequest")()
        request.model_spec.name = self._model
        response = self._connection.call("ModelService", "GetModelStatus", request)
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
        signatures = self._signatures  # another thread may forget them meanwhile
        if signatures is None:
            request = wire.message("GetModelMetadataRequest")(metadata_field=["signature_def"])
            self._specify(request.model_spec)
            response = self._connection.call("PredictionService", "GetModelMetadata", request)
            given = wire.message("SignatureDefMap")()
            response.metadata["signature_def"].Unpack(given)
            self._signatures = signatures = dict(given.signature_def)
            self._signatures_of = response.model_spec.version.value
        return signatures

    def tasks(self) -> dict[str, int]:
        """Returns the tasks that a recommendation has, with the axes of their predictions.

        Raises:
          RequestError: If the model has no such signature.
        """
        return task_axes(self._signature("recommend").outputs)

    def _specify(self, spec: Any) -> None:
        spec.name = self._model
        if isinstance(self._version, str):
            spec.version_label = self._version
        elif self._version is not None:
            spec.version.value = self._version

    def _signature(self, signature: str) -> Any:
        if signature not in self.signatures:
            known = ", ".join(sorted(self.signatures))
            raise RequestError("unknown-signature-of-server",
                               f"Unknown signature {signature!r}. {self._model} has: {known}.")
        return self.signatures[signature]


def _parts(rows: int, width: int) -> Iterator[slice]:
    """Yields which rows are in each request, given how many values a row has at most."""
    most = max(1, min(_ROWS, _VALUES // width))
    for start in range(0, rows, most):
        yield slice(start, start + most)


def _batch_size(sizes: Mapping[str, int]) -> int:
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError("unequal-batch", f"The inputs differ in their number of rows: {counts}.")
    return next(iter(sizes.values()), 1)


def _proto(name: str, array: np.ndarray) -> Any:
    try:
        return tensor_proto(array)
    except TypeError as error:
        raise InputError("bad-input-value", f"Input {name!r} cannot be sent: {error}.") from error
