"""Two steps at once: which may run, and the process of the second one.

A step is mostly Python, which works on one core. A process has one step at a time, since
TensorFlow's graphs, Beam's flags and standard error are a process's own.
"""

import multiprocessing
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing.connection import Connection
from typing import Any

import psutil

from schemas.errors import TesseraError
from schemas.extensions import LOADED, load_extensions

_LOADED = "loaded"
_FREE_BYTES = 8 << 30  # of memory, for the steps of two processes


def room_for_two() -> bool:
    """Returns whether this machine has the cores and the memory for two steps, and no GPU.

    TensorFlow takes all of a GPU's memory, and a step without it would compute other digits.
    """
    import tensorflow as tf

    cores = len(psutil.Process().cpu_affinity()) if sys.platform == "linux" else os.cpu_count()
    return ((cores or 1) > 1 and psutil.virtual_memory().available >= _FREE_BYTES
            and not tf.config.list_physical_devices("GPU"))


class Order:
    """Hands out the steps of a pipeline to two lanes, each as soon as those before it have ended.

    The first lane is the run's own process and goes first; the second one takes a step only while
    the first has one.

    Args:
      before: The steps that each step comes after, by step, in the pipeline's order.
      first: The steps of the first lane alone; one that measures time asks its process for quiet.
    """

    def __init__(self, before: Mapping[str, Sequence[str]], first: Collection[str] = ()):
        self._first = frozenset(first)
        self._before = {name: set(names) & before.keys() for name, names in before.items()}
        self._running: dict[int, str] = {}
        self._changed = threading.Condition()
        self._stopped = self._quiet = False

    def take(self, lane: int) -> str | None:
        """Returns the next step of a lane, whose last one has ended; `None` if there is none.

        Args:
          lane: 0 for the first lane, 1 for the second.
        """
        with self._changed:
            self.end(lane)
            while not self._stopped and (self._before or self._running):
                if (name := self._next(lane)) is not None:
                    self._running[lane] = name
                    self._changed.notify_all()
                    return name
                self._changed.wait()
            return None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Waits until nothing runs in the second lane, which then takes no step for a while.

        It is for a step of the first lane that measures time.
        """
        with self._changed:
            self._quiet = True
            self._changed.wait_for(lambda: 1 not in self._running)
        try:
            yield
        finally:
            with self._changed:
                self._quiet = False
                self._changed.notify_all()

    def end(self, lane: int) -> None:
        """Notes that the last step of a lane has ended, if it had one."""
        with self._changed:
            name = self._running.pop(lane, None)
            for names in self._before.values():
                names -= {name}
            self._changed.notify_all()

    def stop(self) -> None:
        """Hands out no step any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self, lane: int) -> str | None:
        if lane and (self._quiet or not self._running):
            return None
        for name, names in self._before.items():
            if not names and not (lane and name in self._first):
                del self._before[name]
                return name
        return None


def work_through(order: Order, run: Callable[[str, int], None], second: "Process | None") -> None:
    """Runs all steps of an order.

    Args:
      order: The steps.
      run: Runs a step of a lane.
      second: The process of the second lane; without it there is one lane.

    Raises:
      Exception: A step failed. The step beside it has ended, too, and no other one has begun.
    """
    failures: list[Exception] = []

    def work(lane: int) -> None:
        try:
            while (name := order.take(lane)) is not None:
                run(name, lane)
        except Exception as error:
            failures.append(error)
            order.stop()
        finally:
            order.end(lane)

    if second is None:
        work(0)
    else:
        from components.server_validator import validation

        validation.quiet = order.quiet
        thread = threading.Thread(
            target=lambda: work(1) if second.loaded() else None, name="steps-beside")
        thread.start()
        try:
            work(0)
            with order.quiet():  # the step beside ends
                order.stop()
        finally:  # also where a signal ends the run, and a step is still running
            order.stop()
            second.close()
            thread.join()
            validation.quiet = nullcontext
    if failures:
        raise failures[0]


class Process:
    """A process that runs executors, one after the other; it starts with the first step to come.

    It ends with this one, however that ends.
    """

    def __init__(self) -> None:
        self._pipe, self._theirs = multiprocessing.Pipe()
        self._started: subprocess.Popen | None = None
        self._lock = threading.Lock()
        self._begun, self._loaded = threading.Event(), False

    def start(self) -> None:
        """Starts the process, which takes seconds to load; does nothing the second time."""
        with self._lock:
            if self._started is not None:
                return
            # What this process can import, the other can too, wherever it was started.
            self._started = subprocess.Popen(
                [sys.executable, "-P", "-m", "pipeline.beside", str(self._theirs.fileno()),
                 *LOADED],
                stdin=subprocess.DEVNULL, pass_fds=[self._theirs.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
            self._theirs.close()
            self._begun.set()

    def loaded(self) -> bool:
        """Waits until the process has started and loaded; returns whether it will run steps."""
        self._begun.wait()
        try:
            self._loaded = self._loaded or self._pipe.recv() == _LOADED
        except (EOFError, OSError):  # it was not to be
            return False
        return self._loaded

    def run(self, job: Any) -> Any:
        """Runs a step's executor.

        Args:
          job: What `pipeline.launch_node.execute` takes.

        Returns:
          What it returned.

        Raises:
          TesseraError: The process has ended.
          Exception: What it raised; the cause is its trace, as a text.
        """
        try:
            self.start()
            self.loaded()
            self._pipe.send(job)
            result, error = self._pipe.recv()
        except (EOFError, OSError) as lost:
            raise TesseraError(
                "step-process-ended", "The process of the step has ended, most likely for want of "
                "memory. Run the same command again: what is finished comes from the cache."
            ) from lost
        if error is not None:
            raise _again(*error)
        return result

    def close(self) -> None:
        """Ends the process, whatever it does."""
        with self._lock:
            if self._started is not None:
                self._started.kill()
                self._started.wait()
            self._pipe.close()
            self._begun.set()


class Trace(Exception):
    """The trace of another process."""

    def __str__(self) -> str:
        """Returns the trace."""
        return f"\n{self.args[0]}"


def _again(pickled: bytes | None, name: str, message: str, trace: str) -> Exception:
    error = pickle.loads(pickled) if pickled else type(name, (Exception,), {})(message)
    error.__cause__ = Trace(trace)
    return error


def _sent(error: Exception) -> tuple[bytes | None, str, str, str]:
    trace = "".join(traceback.format_exception(error))
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:  # of a library's error, whose arguments are not what it is made of
        pickled = None
    return pickled, type(error).__name__, str(error), trace


def serve(pipe: Connection) -> None:
    """Runs the executors that come through a pipe, until there are no more."""
    from pipeline.launch_node import execute

    import pipeline.dag  # noqa: F401  # isort: skip  (what the steps need, in the order of a run)

    pipe.send(_LOADED)
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send((execute(job), None))
        except Exception as error:
            pipe.send((None, _sent(error)))


def _end_with_other(pipe: Connection) -> None:
    """Ends this process as soon as the other end of the pipe is closed, however that came."""
    poll = select.poll()
    poll.register(pipe.fileno(), 0)  # that it is closed is always an event

    def watch() -> None:
        poll.poll()
        os._exit(0)

    threading.Thread(target=watch, name="run", daemon=True).start()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the children too
    run = Connection(int(sys.argv[1]))
    _end_with_other(run)
    import pipeline.process  # noqa: F401  (before TensorFlow)

    load_extensions(sys.argv[2:])
    serve(run)
