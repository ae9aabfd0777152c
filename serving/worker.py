"""A version of a model in a process of its own.

TensorFlow holds Python's lock for seconds while it loads a graph, and a fault in it ends the
process. In a child neither delays or ends what the server does meanwhile.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from schemas.errors import InputError, TesseraError
from serving import wire

_STOP_SECONDS = 2.0
_LOAD_SECONDS = 900.0
_WATCH_SECONDS = 0.1  # between two looks at whether a version that loads is still wanted
_INVALID_ARGUMENT = 3
# All children are copies of one process that has TensorFlow loaded already.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["serving.preload"])


class ModelError(TesseraError):
    """The model refuses the values of a request.

    Attributes:
      status: The number of gRPC's status code.
    """

    def __init__(self, code: str, message: str, status: int = _INVALID_ARGUMENT) -> None:
        super().__init__(code, message)
        self.status = status


class WorkerLostError(TesseraError):
    """The process of a version has ended; it is started anew."""


class LoadStoppedError(WorkerLostError):
    """A version is wanted no longer before it is loaded, such as when the server ends."""


class Worker:
    """Starts a process that loads a version and waits until it has.

    Args:
      path: The version's folder.
      slots: How many requests it may run at once.
      niceness: How far loading gives way to what runs meanwhile.
      wanted: Whether the version is still wanted; asked again and again while it loads.

    Attributes:
      slots: What a request is run on, each one request at a time.
      signatures: The version's `SignatureDef`s by name.

    Raises:
      InputError: If the version must not be served or cannot be loaded.
      LoadStoppedError: If it is wanted no longer.
    """

    def __init__(self, path: Path, slots: int, niceness: int = 0,
                 wanted: Callable[[], bool] = lambda: True) -> None:
        pipes = [_context.Pipe() for _ in range(slots)]
        self.slots = [own for own, _ in pipes]
        self._process = _context.Process(
            target=_work, args=(str(path), [other for _, other in pipes], niceness),
            daemon=True)
        try:
            self._process.start()
            for _, other in pipes:
                other.close()
            signatures, error = self._loaded(wanted)
        except BaseException:  # also a signal to end, after which nobody would end the process
            if self._process.pid is not None:
                self._process.kill()
                self.close()
            raise
        if error is not None:
            self.close()
            raise InputError("version-not-loadable", error)
        self.signatures = {name: wire.message("SignatureDef").FromString(one)
                           for name, one in signatures.items()}

    def _loaded(self, wanted: Callable[[], bool]) -> tuple[dict[str, bytes], str | None]:
        """Waits for the signatures, or for what is wrong with the version."""
        end = time.monotonic() + _LOAD_SECONDS
        try:
            while not self.slots[0].poll(_WATCH_SECONDS):
                if not wanted():
                    raise LoadStoppedError(
                        "load-stopped", "The version is not loaded: the server ends, or serves "
                        "its model no longer. Try again, or ask another server.")
                if time.monotonic() > end:
                    self._process.kill()
                    return {}, f"It was not loaded within {_LOAD_SECONDS:g} s"
            return self.slots[0].recv()
        except (EOFError, OSError):
            self._process.join()
            return {}, f"The process that loads it ended with code {self._process.exitcode}"

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def run(self, slot: Connection, name: str, arrays: Mapping[str, np.ndarray],
            outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """Runs a signature; see `Servable.run`.

        Raises:
          ModelError: If the model refuses the values.
          WorkerLostError: If the process has ended.
        """
        try:
            slot.send((name, dict(arrays), list(outputs)))
            result, error = slot.recv()
        except (EOFError, OSError) as lost:
            raise WorkerLostError(
                "worker-lost", "The model's process has ended and is started anew. Try again."
            ) from lost
        if error is not None:
            status, message = error
            raise ModelError("model-refuses", f"Signature {name!r} cannot take these values: "
                             f"{message}", status)
        return result

    def close(self) -> None:
        """Ends the process."""
        for slot in self.slots:
            slot.close()
        self._process.join(_STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(path: str, slots: list[Connection], niceness: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the children too
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from serving.stack import quiet_tensorflow

    quiet_tensorflow()
    from serving.servable import start_threads

    start_threads()  # not by the thread that loads, which gives way to others
    servable = _loaded_servable(Path(path), niceness, slots[0])
    if isinstance(servable, Exception):
        known = isinstance(servable, TesseraError)
        slots[0].send((None, str(servable) if known else f"{type(servable).__name__}: {servable}"))
        return
    slots[0].send(({name: signature.SerializeToString()
                    for name, signature in servable.signatures.items()}, None))
    threads = [threading.Thread(target=_respond, args=(servable, slot)) for slot in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)  # TensorFlow's own end takes seconds


def _loaded_servable(path: Path, niceness: int, server: Connection) -> Any:
    """Returns the servable or an error; ends this process if nobody waits for it any more."""
    loaded: list[Any] = []
    # A thread, since niceness can be raised for one but not lowered again.
    loading = threading.Thread(target=_load, args=(path, niceness, loaded))
    loading.start()
    while loading.is_alive():
        loading.join(_WATCH_SECONDS)
        if server.poll():  # no request comes before the signatures are sent: it is the end
            os._exit(0)
    return loaded[0]


def _load(path: Path, niceness: int, loaded: list[Any]) -> None:
    try:
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, now + niceness)
        from serving.memory import return_free_blocks
        from serving.servable import Servable

        servable = Servable(path)
        servable.warm_up()
        return_free_blocks()
        loaded.append(servable)
    except Exception as error:  # a broken SavedModel raises nearly anything
        loaded.append(error)


def _respond(servable: Any, slot: Connection) -> None:
    while True:
        try:
            name, arrays, outputs = slot.recv()
        except (EOFError, OSError):  # the server is gone
            return
        reply: tuple[Any, Any]
        try:
            reply = servable.run(name, arrays, outputs), None
        except Exception as error:  # TensorFlow raises nearly anything for values it cannot take
            status = getattr(error, "error_code", None)
            reply = None, (status or _INVALID_ARGUMENT, _sentence(error))
        try:
            slot.send(reply)
        except OSError:
            return


def _sentence(error: Exception) -> str:
    """Returns what an error says, without the trace of the graph around it."""
    before, _, _ = str(getattr(error, "message", error)).partition("\n\t [[")
    return before.strip().rpartition("\n")[2].strip() or type(error).__name__
