"""The peak memory of this process and its children."""

import threading

import psutil

_EVERY_S = 0.2


class PeakMemory:
    """Samples the resident memory of the process tree while it is entered.

    Attributes:
      megabytes: The largest sum seen.
    """

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        process = psutil.Process()
        while True:
            total = 0
            for one in [process, *process.children(recursive=True)]:
                try:
                    total += one.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.megabytes = max(self.megabytes, total / 2**20)
            if self._stop.wait(_EVERY_S):
                return
