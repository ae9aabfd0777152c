"""One connection to a server of TensorFlow Serving's gRPC interface, with typed errors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from schemas.errors import InputError, TesseraError
from serving import wire
from serving.wire import MESSAGE_LIMITS

_REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
# What no server has done is asked again, unless most of what is asked fails: an overload would be
# tripled. Of a name with several addresses each has its share.
_SERVICE = json.dumps({
    "loadBalancingConfig": [{"round_robin": {}}],
    "retryThrottling": {"maxTokens": 30, "tokenRatio": 0.1},
    "methodConfig": [{"name": [{}], "retryPolicy": {
        "maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"]}}],
})
# A connection that a proxy drops in silence is seen.
_OPTIONS = [*MESSAGE_LIMITS, ("grpc.keepalive_time_ms", 60_000), ("grpc.service_config", _SERVICE)]


class ServerUnavailableError(TesseraError):
    """No server responds, or not in time."""


class RequestError(InputError):
    """The server refuses this request, such as a wrong name, dtype or shape."""


class Connection:
    """Calls the methods of a server; calls may come from several threads at once.

    Args:
      host: The server's address.
      port: The server's gRPC port.
      timeout_s: How long to wait for one response, in seconds.
      credentials: What a server with TLS is asked with; see `channel_credentials`.
    """

    def __init__(self, host: str, port: int, timeout_s: float,
                 credentials: grpc.ChannelCredentials | None = None) -> None:
        self._address = f"{host}:{port}"
        self._timeout_s = timeout_s
        self._channel = (
            grpc.insecure_channel(self._address, options=_OPTIONS) if credentials is None
            else grpc.secure_channel(self._address, credentials, options=_OPTIONS))

    def close(self) -> None:
        """Ends the connection."""
        self._channel.close()

    def call(self, service: str, method: str, request: Any) -> Any:
        """Calls a method of `wire.SERVICES`.

        Args:
          service: The service's name.
          method: The method's name.
          request: The request message.

        Returns:
          The response message.

        Raises:
          RequestError: If the server refuses the request.
          ServerUnavailableError: If no server responds in time.
        """
        response = wire.message(f"{wire.SERVICES[service][method]}Response")
        call = self._channel.unary_unary(
            f"/tensorflow.serving.{service}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString)
        with self._typed_errors():
            return call(request, timeout=self._timeout_s)

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
            if code == grpc.StatusCode.UNAVAILABLE:
                raise ServerUnavailableError(
                    "server-unavailable",
                    f"The server at {self._address} is not available: {details}. Start one with "
                    "`tessera serve`, or try again later. A server with TLS needs the authority of "
                    "its certificate, ca."
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
