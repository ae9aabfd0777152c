"""Requests that wait are run together; one that need not wait is run at once.

A model takes a batch of rows in hardly more time than one row. While all of its slots are busy,
requests queue; a slot that becomes free takes all that fit together. No request ever waits for
another one to come, so that batching costs a lone client nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.errors import TesseraError
from serving.signature import COUNT

# At most, of one run: what it takes in time and memory is bounded, and others come in between.
ROWS, SECONDS = 64, 0.25
Arrays = dict[str, np.ndarray]
Run = Callable[[Any, str, Mapping[str, np.ndarray], Sequence[str]], Arrays]


class ExpiredError(TesseraError):
    """Nobody waits for a request any more: its deadline has passed or its client has gone."""


@dataclass(eq=False)
class _Waiting:
    """A part of a request, of as many rows as one run takes.

    It is done when it has a result or an error; it runs its batch when it has a slot.
    """

    key: tuple
    arrays: Arrays
    deadline: float
    alive: Callable[[], bool]
    changed: threading.Event = field(default_factory=threading.Event)
    batch: list["_Waiting"] = field(default_factory=list)
    slot: Any = None
    result: Arrays | None = None
    error: Exception | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return max((len(array) for array in self.arrays.values()), default=1)


class Batcher:
    """Runs requests on a few slots, those that wait and fit together as one.

    Args:
      run: Runs a signature on a slot.
      slots: What requests are run on; each takes one at a time.
      joined: Whether requests are run together at all.
      on_batch: Is called with the rows of each run.
    """

    def __init__(self, run: Run, slots: Sequence[Any], joined: bool = True,
                 on_batch: Callable[[int], None] = lambda rows: None) -> None:
        self._run = run
        self._joined = joined
        self._on_batch = on_batch
        self._lock = threading.Lock()
        self._free = list(slots)
        self._queue: deque[_Waiting] = deque()
        self._row_seconds: dict[str, float] = {}  # by signature, as of the last run

    @property
    def waiting(self) -> int:
        """Number of parts of requests that wait for a slot."""
        return len(self._queue)

    def __call__(
        self, name: str, arrays: Mapping[str, np.ndarray], outputs: Sequence[str],
        deadline: float, alive: Callable[[], bool]
    ) -> Arrays:
        """Runs a request of any number of rows.

        Args:
          name: The signature.
          arrays: Its inputs; rows first.
          outputs: The outputs to return.
          deadline: When nobody waits for it any more, on `time.monotonic`'s clock.
          alive: Whether somebody still waits for it.

        Returns:
          Arrays by output.

        Raises:
          ExpiredError: If nobody waits for it any more.
          Exception: Whatever `run` raises.
        """
        rows = max((len(array) for array in arrays.values()), default=1)
        results: list[Arrays] = []
        begin = 0
        while begin < rows or not results:
            end = begin + self._most_rows(name)
            part = {key: array[begin:end] for key, array in arrays.items()}
            results.append(self._part(name, part, outputs, deadline, alive))
            begin = end
        return results[0] if len(results) == 1 else _concatenated(results)

    def _most_rows(self, name: str) -> int:
        """Returns how many rows of a signature one run takes; one before any has been timed."""
        seconds = self._row_seconds.get(name, SECONDS)
        return min(ROWS, max(1, int(SECONDS / max(seconds, 1e-9))))

    def _part(self, name: str, arrays: Arrays, outputs: Sequence[str], deadline: float,
              alive: Callable[[], bool]) -> Arrays:
        shapes = tuple((key, array.shape[1:]) for key, array in sorted(arrays.items()))
        # How many results a row has depends on the largest count of its batch.
        count = int(arrays[COUNT].max()) if COUNT in arrays else 0
        one = _Waiting((name, tuple(outputs), shapes, count), arrays, deadline, alive)
        with self._lock:
            if self._free:
                one.slot, one.batch = self._free.pop(), [one]
            else:
                self._queue.append(one)
        if one.slot is None and not one.changed.wait(
                min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)):
            self._give_up(one)
            if one.error is None:  # it runs by now
                one.changed.wait()
        if one.slot is not None:
            self._lead(one)
        if one.error is not None:
            raise one.error
        assert one.result is not None
        return one.result

    def _give_up(self, one: _Waiting) -> None:
        with self._lock:
            if one in self._queue:
                self._queue.remove(one)
                one.error = _expired()

    def _lead(self, one: _Waiting) -> None:
        """Runs the batch of a request on its slot and hands the slot on."""
        try:
            self._run_batch(one.slot, one.batch)
        finally:
            with self._lock:
                self._hand_on(one.slot)
            for other in one.batch:
                other.changed.set()

    def _run_batch(self, slot: Any, batch: list[_Waiting]) -> None:
        if len(batch) > 1 and self._run_joined(slot, batch):
            return
        for one in batch:  # alone: what is wrong with one is no other's fault
            try:
                one.result = self._run_alone(slot, one)
            except Exception as error:
                one.error = error

    def _run_joined(self, slot: Any, batch: list[_Waiting]) -> bool:
        """Runs a batch as one, and returns whether that could be done."""
        name, outputs, *_ = batch[0].key
        rows = [one.rows for one in batch]
        joined = {key: np.concatenate([one.arrays[key] for one in batch])
                  for key in batch[0].arrays}
        try:
            results = self._timed_run(slot, name, joined, outputs, sum(rows))
        except Exception:
            return False
        if any(not array.ndim or len(array) != sum(rows) for array in results.values()):
            return False
        ends = np.cumsum(rows)[:-1]
        split = {key: np.split(array, ends) for key, array in results.items()}
        for place, one in enumerate(batch):
            one.result = {key: arrays[place] for key, arrays in split.items()}
        return True

    def _run_alone(self, slot: Any, one: _Waiting) -> Arrays:
        if not one.alive():
            raise _expired()
        name, outputs, *_ = one.key
        return self._timed_run(slot, name, one.arrays, outputs, one.rows)

    def _timed_run(self, slot: Any, name: str, arrays: Arrays, outputs: Sequence[str],
                   rows: int) -> Arrays:
        begin = time.monotonic()
        result = self._run(slot, name, arrays, outputs)
        self._row_seconds[name] = (time.monotonic() - begin) / rows
        self._on_batch(rows)
        return result

    def _hand_on(self, slot: Any) -> None:
        """Gives a slot to the request that waits longest and to all that fit; holds the lock."""
        while self._queue:
            first = self._queue.popleft()
            if not first.alive():
                first.error = _expired()
                first.changed.set()
                continue
            first.batch, first.slot = [first, *self._companions(first)], slot
            first.changed.set()
            return
        self._free.append(slot)

    def _companions(self, first: _Waiting) -> list[_Waiting]:
        if not self._joined:
            return []
        batch, rows, most = [], first.rows, self._most_rows(first.key[0])
        for one in [one for one in self._queue if one.key == first.key]:
            if rows + one.rows > most:
                break
            self._queue.remove(one)
            batch.append(one)
            rows += one.rows
        return batch


def _expired() -> ExpiredError:
    return ExpiredError("request-expired", "The request was dropped: nobody waits for it any more.")


def _concatenated(parts: Sequence[Arrays]) -> Arrays:
    """Joins results of differing width as the contract has it: '' and 0 beyond the end."""
    joined = {}
    for key in parts[0]:
        arrays = [part[key] for part in parts]
        shape = tuple(np.max([array.shape[1:] for array in arrays], axis=0).astype(int))
        whole = [np.pad(array, [(0, 0), *((0, most - size) for most, size
                                          in zip(shape, array.shape[1:], strict=True))],
                        constant_values=b"" if array.dtype == object else 0)
                 for array in arrays]
        joined[key] = np.concatenate(whole)
    return joined
