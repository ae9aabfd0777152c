"""The gRPC services: TensorFlow Serving's two, health and reflection."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health_pb2

from schemas.errors import InputError
from serving import wire
from serving.handlers import BusyError, OpenCalls, handler, sendable, status_of, streaming_handler
from serving.metrics import Metrics
from serving.model_config import model_configs
from serving.models import Models
from serving.reflection import add_reflection
from serving.signature import DEFAULT_SIGNATURE
from serving.versions import NotServedError

PACKAGE = "tensorflow.serving"
_States = health_pb2.HealthCheckResponse.ServingStatus
_MOST_RELOADS = 4  # one runs, the others wait for it, each in a thread
_WATCH_SECONDS = 0.2  # between two looks at the health that a client watches


class PredictionService:
    """Has Predict and GetModelMetadata; no signature is of another method's kind.

    Args:
      models: What is asked.
      metrics: Where requests are counted.
      most: How many requests may be under way at once.
      log: Is given each request with its response.
    """

    def __init__(self, models: Models, metrics: Metrics, most: int,
                 log: Callable[[str, Any, Any, Collection[str]], None] | None = None) -> None:
        self._models, self._metrics, self._request_log = models, metrics, log
        self._most, self._places = most, threading.BoundedSemaphore(most)

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Runs one signature of a model."""
        return self.respond(request, context.time_remaining(), context.is_active)

    def respond(self, request: Any, timeout: float | None = None,
                alive: Callable[[], bool] = lambda: True) -> Any:
        """Runs one signature of a model.

        Args:
          request: The `PredictRequest`.
          timeout: Seconds after which nobody waits for the response; any number by default.
          alive: Whether somebody still waits for it.

        Returns:
          The `PredictResponse`.

        Raises:
          BusyError: If as many requests as the server takes are under way.
          TesseraError: Whatever a version raises; see `status_of`.
        """
        begin = time.monotonic()
        spec, code = request.model_spec, grpc.StatusCode.OK
        name = spec.signature_name or DEFAULT_SIGNATURE
        # What a client makes up is counted as '': each name would be kept for ever.
        model, number, signature = "", 0, ""
        try:
            versions = self._models.versions(spec.name)
            model = spec.name
            with self._place(), versions.borrowed(spec) as version:
                number, signature = version.version, name if name in version.signatures else ""
                histories = version.logged_histories
                response = version.predict(
                    name, request.inputs, request.output_filter,
                    float("inf") if timeout is None else begin + timeout, alive)
        except Exception as error:
            code, _ = status_of(error)
            raise
        finally:
            self._metrics.request(model, number, signature, code.name, time.monotonic() - begin)
        _set_spec(response.model_spec, model, number, name)
        if self._request_log is not None:
            self._request_log(name, request, response, histories)
        return response

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Counts a request among those under way."""
        if not self._places.acquire(blocking=False):
            raise BusyError("server-busy", f"The server has {self._most} requests under way. "
                            "Try again later.")
        try:
            yield
        finally:
            self._places.release()

    def drain(self, seconds: float) -> None:
        """Takes no request any more, and waits until none is under way, for so long at most."""
        end = time.monotonic() + seconds
        for _ in range(self._most):
            if not self._places.acquire(timeout=max(0.0, end - time.monotonic())):
                return

    def Classify(self, request: Any, context: grpc.ServicerContext) -> NoReturn:  # noqa: N802
        """Refuses, as the stock server does where a signature is one of Predict."""
        self._refuse("Classify", request.model_spec)

    def Regress(self, request: Any, context: grpc.ServicerContext) -> NoReturn:  # noqa: N802
        """Refuses, see `Classify`."""
        self._refuse("Regress", request.model_spec)

    def MultiInference(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> NoReturn:
        """Refuses, see `Classify`."""
        if not request.tasks:
            raise InputError("no-inference-task", "A MultiInferenceRequest needs a task at least.")
        self._refuse("MultiInference", request.tasks[0].model_spec)

    def _refuse(self, method: str, spec: Any) -> NoReturn:
        with self._models.versions(spec.name).borrowed(spec) as version:
            raise InputError(
                "not-of-this-method",
                f"{method} needs a signature of its own kind, and all of {spec.name} are asked "
                f"with Predict: {', '.join(sorted(version.signatures))}.")

    def GetModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Returns the signatures of a model."""
        if list(request.metadata_field) != ["signature_def"]:
            given = ", ".join(one[:50] for one in request.metadata_field[:5]) or "none"
            raise InputError("bad-metadata-field",
                             f"metadata_field must be signature_def; given: {given}.")
        spec = request.model_spec
        response = wire.message("GetModelMetadataResponse")()
        with self._models.versions(spec.name).borrowed(spec) as version:
            _set_spec(response.model_spec, spec.name, version.version)
            signatures = wire.message("SignatureDefMap")()
            for name, signature in version.signatures.items():
                signatures.signature_def[name].CopyFrom(signature)
        response.metadata["signature_def"].Pack(signatures)
        return response


class ModelService:
    """Has GetModelStatus and HandleReloadConfigRequest.

    Args:
      models: What is asked.
    """

    def __init__(self, models: Models) -> None:
        self._models, self._reloads = models, threading.BoundedSemaphore(_MOST_RELOADS)

    def GetModelStatus(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Returns the state of all versions, or of the one asked for."""
        spec = request.model_spec
        versions = self._models.versions(spec.name)
        states = versions.states
        choice = spec.WhichOneof("version_choice")
        if choice:
            number = (spec.version.value if choice == "version"
                      else versions.labels.get(spec.version_label))
            states = {v: state for v, state in states.items() if v == number}
            if not states:
                given = getattr(spec, choice)
                raise NotServedError(
                    "no-such-version",
                    f"There is no version {given.value if choice == 'version' else given[:50]!r} "
                    f"of {spec.name}."
                )
        response = wire.message("GetModelStatusResponse")()
        for version, state in states.items():
            status = response.model_version_status.add(version=version, state=state.state)
            if state.error:
                status.status.error_code = grpc.StatusCode.UNKNOWN.value[0]
                status.status.error_message = sendable(state.error)
        return response

    def HandleReloadConfigRequest(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        """Serves other versions and labels from now on."""
        if not self._reloads.acquire(blocking=False):
            raise BusyError("reloads-busy", "Other reloads are under way. Try again later.")
        try:
            self._models.reload(model_configs(request.config))
        finally:
            self._reloads.release()
        return wire.message("ReloadConfigResponse")()


class Health:
    """Watches whether each model has a version that runs.

    Args:
      models: What is looked at.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Responds from now on that nothing is served, and ends the calls that watch."""
        self._stopping.set()

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Returns the state of the server, `''`, or of one of its services."""
        response = self._response(request)
        if response.status == _States.SERVICE_UNKNOWN:
            raise NotServedError(
                "no-such-service", f"There is no service {request.service[:100]!r}.")
        return response

    def Watch(self, requests: Iterator[Any],  # noqa: N802
              context: grpc.ServicerContext) -> Iterator[Any]:
        """Sends the state that `Check` has, and again each time that it changes."""
        request, last = next(requests, None), None
        while request is not None and context.is_active():
            response = self._response(request)
            if response != last:
                yield response
                last = response
            elif self._stopping.wait(_WATCH_SECONDS) and self._response(request) == last:
                break

    def _response(self, request: Any) -> Any:
        if request.service not in ("", *(f"{PACKAGE}.{one}" for one in wire.SERVICES)):
            return health_pb2.HealthCheckResponse(status=_States.SERVICE_UNKNOWN)
        serving = self._models.ready and not self._stopping.is_set()
        return health_pb2.HealthCheckResponse(
            status=_States.SERVING if serving else _States.NOT_SERVING)


def add_services(server: grpc.Server, models: Models, predictions: PredictionService,
                 calls: OpenCalls) -> Health:
    """Adds all services to a server.

    Args:
      server: The server.
      models: What is asked.
      predictions: What responds.
      calls: What limits the calls that wait for a message.

    Returns:
      The one that has the server's health.
    """
    health, model_service = Health(models), ModelService(models)
    handlers = {"grpc.health.v1.Health": {
        "Check": handler(health.Check, health_pb2.HealthCheckRequest, calls),
        "Watch": streaming_handler(health.Watch, health_pb2.HealthCheckRequest, calls)}}
    for name, service in (("PredictionService", predictions), ("ModelService", model_service)):
        handlers[f"{PACKAGE}.{name}"] = {
            method: handler(getattr(service, method), wire.message(f"{messages}Request"), calls)
            for method, messages in wire.SERVICES[name].items()}
    server.add_generic_rpc_handlers([
        grpc.method_handlers_generic_handler(name, methods) for name, methods in handlers.items()])
    add_reflection(server, list(handlers), calls)
    return health


def _set_spec(spec: Any, name: str, version: int, signature: str = "") -> None:
    spec.name, spec.signature_name, spec.version.value = name, signature, version
