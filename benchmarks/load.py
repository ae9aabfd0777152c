"""Clients of a server, in a process of their own.

    python -m benchmarks.load --port 8500 --requests FILE --clients 16 --seconds 10 --output FILE
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np

from schemas.errors import TesseraError
from serving.wire import MESSAGE_LIMITS

PREDICT = "/tensorflow.serving.PredictionService/Predict"
_DEADLINE_S, _LATE_S = 10.0, 30.0


class NotMeasuredError(TesseraError):
    """Something went wrong by which no figure can be said."""


@dataclass(frozen=True)
class Load:
    """What clients saw.

    Attributes:
      begins: When each request was due, in seconds of `time.monotonic`; where clients ask as fast
        as they can, when it was sent.
      milliseconds: How long after that each had its response.
      codes: The status code of each response; `NOT_SENT` of a request that came much too late.
    """

    begins: np.ndarray
    milliseconds: np.ndarray
    codes: np.ndarray

    @property
    def failed(self) -> int:
        """Number of requests that were not served."""
        return int((self.codes != "OK").sum())

    @property
    def end(self) -> float:
        """When the last response was there."""
        return float((self.begins + self.milliseconds / 1000).max())

    @property
    def a_second(self) -> float:
        """Requests served a second."""
        served = len(self.codes) - self.failed
        return served / max(self.end - float(self.begins.min()), 1e-9)

    def percentile(self, share: float, begin: float = 0.0, end: float = float("inf")) -> float:
        """Returns a percentile of the milliseconds of requests due within some time; NaN of none.

        NaN is within no bound, so that a figure of nothing does not pass.
        """
        within = (self.begins >= begin) & (self.begins < end)
        return float(np.percentile(self.milliseconds[within], share)) if within.any() else np.nan


@contextmanager
def clients(port: int, requests: list[bytes], count: int, seconds: float,
            rate: float = 0.0) -> Iterator[Callable[..., Load]]:
    """Runs clients while the block runs.

    Args:
      port: The server's port.
      requests: What is sent, one after the other.
      count: How many clients; each waits for a response before it asks again.
      seconds: How long they ask, at most.
      rate: Requests a second of all; as many as there can be by default.

    Yields:
      What waits for the end, or ends the clients if it is called with `now=True`, and returns the
      `Load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        sent, output = Path(folder, "requests.json"), Path(folder, "load.json")
        sent.write_text(json.dumps([one.hex() for one in requests]))
        process = subprocess.Popen([
            sys.executable, "-m", "benchmarks.load", f"--port={port}", f"--requests={sent}",
            f"--clients={count}", f"--seconds={seconds}", f"--rate={rate}",
            f"--output={output}"], env=environment())

        def end(now: bool = False) -> Load:
            if now:
                process.terminate()
            return _load(process, output)

        try:
            yield end
        finally:
            process.kill()
            process.wait()


def environment() -> dict[str, str]:
    """Returns the environment of a process that imports what is beside this, from anywhere."""
    root = str(Path(__file__).parents[1])
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{before}" if before else root}


def served(port: int, requests: list[bytes], count: int, seconds: float) -> Load:
    """Runs clients that ask as fast as they can, each of whose requests must be served.

    Raises:
      NotMeasuredError: A request was not: what a refusal costs is no figure of a service.
    """
    with clients(port, requests, count, seconds) as end:
        load = end()
    if load.failed:
        raise NotMeasuredError("load-has-failures",
                               f"{load.failed:,} of {len(load.codes):,} requests have failed: "
                               f"{', '.join(sorted(set(load.codes) - {'OK'}))}.")
    return load


def _load(process: subprocess.Popen, output: Path) -> Load:
    if process.wait():
        raise NotMeasuredError("clients-have-failed", "The process of the clients has failed.")
    figures = json.loads(output.read_text())
    return Load(*(np.array(figures[name]) for name in ("begins", "milliseconds", "codes")))


@dataclass
class _Until:
    """When no further request is due."""

    at: float

    def end(self, *_: object) -> None:
        self.at = min(self.at, time.monotonic())


def _ask(port: int, requests: list[bytes], until: _Until, due: float, gap: float, seen) -> None:
    """Asks; a response that comes late delays what is sent next, and that counts for the next."""
    # Without its own channel all clients would share one connection.
    options = [*MESSAGE_LIMITS, ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        call = channel.unary_unary(PREDICT)
        for request in itertools.cycle(requests):
            time.sleep(max(0.0, due - time.monotonic()))
            begin = due if gap else time.monotonic()
            if begin >= until.at:
                return
            code = "OK"
            try:
                if time.monotonic() < until.at + _LATE_S:
                    call(request, timeout=_DEADLINE_S)
                else:
                    code = "NOT_SENT"
            except grpc.RpcError as error:
                code = error.code().name
            seen.append((begin, (time.monotonic() - begin) * 1000, code))
            due += gap


def main() -> None:
    """Asks a server and writes what was seen; SIGTERM ends the asking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    requests = [bytes.fromhex(one) for one in json.loads(given.requests.read_text())]
    seen: list[tuple[float, float, str]] = []
    begin, gap = time.monotonic(), given.clients / given.rate if given.rate else 0.0
    until = _Until(begin + given.seconds)
    signal.signal(signal.SIGTERM, until.end)
    threads = [threading.Thread(target=_ask, args=(
        given.port, requests[place % len(requests):] + requests[:place % len(requests)], until,
        begin + gap * place / given.clients, gap, seen)) for place in range(given.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given.output.write_text(json.dumps(dict(zip(
        ("begins", "milliseconds", "codes"), zip(*sorted(seen), strict=True), strict=True))))


if __name__ == "__main__":
    main()
