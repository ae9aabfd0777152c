"""From gRPC's calls to functions: bytes are read, errors become status codes, idle calls end."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc

from schemas.errors import InputError, TesseraError
from serving.batching import ExpiredError
from serving.message_size import require_few_values
from serving.versions import NotServedError
from serving.worker import ModelError, WorkerLostError

_log = logging.getLogger(__name__)
# The details travel in HTTP headers, which hold 8 KiB; there a byte beyond ASCII takes three.
_MAX_DETAILS = 2000
# What is no fault of the request; everything else that a model raises, its values brought about.
_PASSED_ON = {code.value[0]: code for code in (
    grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)}


class BusyError(TesseraError):
    """More requests are under way than the server takes."""


class OpenCalls:
    """Ends calls whose client sends no message, since each holds a thread, and waits for others.

    Args:
      most: How many may wait for one; one more ends the oldest.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Condition()
        self._waiting: dict[grpc.ServicerContext, None] = {}  # the oldest first
        self._under_way: set[grpc.ServicerContext] = set()  # their messages are there

    @contextmanager
    def open(self, context: grpc.ServicerContext) -> Iterator[None]:
        """Counts a call while the block waits for its messages."""
        with self._lock:
            self._waiting[context] = None
            self._end_oldest()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(context, None)
                self._lock.notify_all()

    def begin(self, context: grpc.ServicerContext) -> None:
        """Counts a call as under way until its response has been sent, or nobody waits for it."""
        with self._lock:
            self._under_way.add(context)
        if not context.add_callback(lambda: self._end(context)):
            self._end(context)

    def close(self, seconds: float) -> None:
        """Ends the calls that still wait after some seconds, and then each that comes to wait."""
        with self._lock:
            self._lock.wait_for(lambda: not self._waiting, seconds)
            self._most = 0
            self._end_oldest()

    def drain(self, seconds: float) -> None:
        """Waits until no call is under way, for so long at most."""
        with self._lock:
            self._lock.wait_for(lambda: not self._under_way, max(0.0, seconds))

    def _end(self, context: grpc.ServicerContext) -> None:
        with self._lock:
            self._under_way.discard(context)
            self._lock.notify_all()

    def _end_oldest(self) -> None:
        """Ends calls until no more wait than may; holds the lock."""
        while len(self._waiting) > self._most:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.cancel()


def handler(method: Callable[[Any, grpc.ServicerContext], Any], message: Any,
            calls: OpenCalls) -> grpc.RpcMethodHandler:
    """Returns what takes one message and responds with one.

    Args:
      method: Is given the message; raises what `status_of` knows.
      message: The message's class.
      calls: What limits the wait for the message.
    """

    def handle(stream: Iterator[bytes], context: grpc.ServicerContext) -> Any:
        with calls.open(context):
            data = next(stream, None)
            calls.begin(context)
        if data is None:
            abort(context, grpc.StatusCode.INVALID_ARGUMENT, "The call has no message.")
        request = parsed(message, data, context)
        try:
            return method(request, context)
        except Exception as error:
            abort(context, *status_of(error))

    # gRPC's own handlers of one message wait for it without an end.
    return grpc.stream_unary_rpc_method_handler(handle, response_serializer=_serialized)


def streaming_handler(method: Callable[[Iterator[Any], grpc.ServicerContext], Iterator[Any]],
                      message: Any, calls: OpenCalls) -> grpc.RpcMethodHandler:
    """Returns what takes messages and responds with some, as `handler` does with one.

    Args:
      method: Is given the messages as they come, and raises nothing.
      message: The messages' class.
      calls: What limits how many of these calls are open.
    """

    def handle(stream: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Any]:
        with calls.open(context):
            yield from method((parsed(message, data, context) for data in stream), context)

    return grpc.stream_stream_rpc_method_handler(handle, response_serializer=_serialized)


def _serialized(response: Any) -> bytes:
    return response.SerializeToString()


def parsed(message: Any, data: bytes, context: grpc.ServicerContext) -> Any:
    """Returns a message, or ends the call if the bytes are none."""
    try:
        require_few_values(message, data)
        return message.FromString(data)
    except InputError as error:
        abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
    except Exception as error:  # protobuf's errors differ from one implementation to the other
        abort(context, grpc.StatusCode.INVALID_ARGUMENT,
              f"This is no {message.DESCRIPTOR.name}: {error}")


def status_of(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Returns the status code and the sentence for an error."""
    codes = grpc.StatusCode
    if isinstance(error, ModelError):
        return _PASSED_ON.get(error.status, codes.INVALID_ARGUMENT), str(error)
    for kind, code in ((NotServedError, codes.NOT_FOUND), (InputError, codes.INVALID_ARGUMENT),
                       (ExpiredError, codes.DEADLINE_EXCEEDED), (BusyError, codes.UNAVAILABLE),
                       (WorkerLostError, codes.UNAVAILABLE)):
        if isinstance(error, kind):
            return code, str(error)
    _log.error("A request failed.", exc_info=error)
    return codes.INTERNAL, f"The server failed: {type(error).__name__}: {error}"


def sendable(text: str) -> str:
    """Returns a text without what UTF-8 cannot hold: half of a pair, as in odd names of files."""
    return text.encode(errors="replace").decode()


def details_of(text: str) -> str:
    """Returns as much of a text as a response's status holds."""
    return sendable(text).encode()[:_MAX_DETAILS].decode(errors="ignore")


def abort(context: grpc.ServicerContext, code: grpc.StatusCode, details: str) -> NoReturn:
    """Ends a call."""
    context.abort(code, details_of(details))
    raise AssertionError("abort raises")  # for the type checker
