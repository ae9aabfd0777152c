"""Clients of a server, in a process of their own.

    python -m benchmarks.load --port 8500 --requests FILE --clients 16 --seconds 10 --output FILE
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np

from serving.wire import MESSAGE_LIMITS

PREDICT = "/tensorflow.serving.PredictionService/Predict"
_DEADLINE_S = 10.0


@dataclass(frozen=True)
class Load:
    """What clients saw.

    Attributes:
      begins: When each request was sent, in seconds of `time.monotonic`.
      milliseconds: How long each took.
      codes: How many responses of each status code there were.
    """

    begins: np.ndarray
    milliseconds: np.ndarray
    codes: dict[str, int]

    @property
    def failed(self) -> int:
        """Number of requests that were not served."""
        return sum(count for code, count in self.codes.items() if code != "OK")

    @property
    def a_second(self) -> float:
        """Requests served a second."""
        ends = self.begins + self.milliseconds / 1000
        return self.codes.get("OK", 0) / max(float(ends.max() - self.begins.min()), 1e-9)

    def percentile(self, share: float, begin: float = 0.0, end: float = float("inf")) -> float:
        """Returns a percentile of the milliseconds of requests sent within some time; NaN of none.

        NaN is within no bound, so that a figure of nothing does not pass.
        """
        within = (self.begins >= begin) & (self.begins < end)
        return float(np.percentile(self.milliseconds[within], share)) if within.any() else np.nan


@contextmanager
def clients(port: int, requests: list[bytes], count: int, seconds: float, rate: float = 0.0):
    """Runs clients while the block runs.

    Args:
      port: The server's port.
      requests: What is sent, one after the other.
      count: How many clients; each waits for a response before it asks again.
      seconds: How long they ask.
      rate: Requests a second of all; as many as there can be by default.

    Yields:
      What waits for the end and returns the `Load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        sent, output = Path(folder, "requests.json"), Path(folder, "load.json")
        sent.write_text(json.dumps([one.hex() for one in requests]))
        process = subprocess.Popen([
            sys.executable, "-m", "benchmarks.load", f"--port={port}", f"--requests={sent}",
            f"--clients={count}", f"--seconds={seconds}", f"--rate={rate}", f"--output={output}"])
        try:
            yield lambda: _load(process, output)
        finally:
            process.kill()
            process.wait()


def _load(process: subprocess.Popen, output: Path) -> Load:
    if process.wait():
        sys.exit("The clients have failed.")
    figures = json.loads(output.read_text())
    return Load(np.array(figures["begins"]), np.array(figures["milliseconds"]), figures["codes"])


def _ask(port: int, requests: list[bytes], end: float, gap: float, delay: float, seen) -> None:
    # Without its own channel all clients would share one connection.
    options = [*MESSAGE_LIMITS, ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        call = channel.unary_unary(PREDICT)
        due = time.monotonic() + delay
        for request in itertools.cycle(requests):
            time.sleep(max(0.0, due - time.monotonic()))
            begin = time.monotonic()
            if begin >= end:
                return
            due = max(due + gap, begin) if gap else 0.0
            try:
                call(request, timeout=_DEADLINE_S)
                code = "OK"
            except grpc.RpcError as error:
                code = error.code().name
            seen.append((begin, (time.monotonic() - begin) * 1000, code))


def main() -> None:
    """Asks a server and writes what was seen."""
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
    end, gap = time.monotonic() + given.seconds, given.clients / given.rate if given.rate else 0.0
    threads = [threading.Thread(target=_ask, args=(
        given.port, requests[place % len(requests):] + requests[:place % len(requests)], end, gap,
        gap * place / given.clients, seen)) for place in range(given.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begins, milliseconds, codes = zip(*sorted(seen), strict=True)
    given.output.write_text(json.dumps({
        "begins": begins, "milliseconds": milliseconds,
        "codes": {code: codes.count(code) for code in set(codes)}}))


if __name__ == "__main__":
    main()
