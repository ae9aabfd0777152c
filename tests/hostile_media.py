"""Decoders that do what no decoder should, registered in the process that decodes as well."""

import os
import signal
import threading
import time

from components.media import MEDIA, Medium


def _crash(_: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def _work(_: bytes) -> bytes:
    while True:
        pass


def _wait(_: bytes) -> bytes:
    time.sleep(600)
    return b""


def _work_elsewhere(_: bytes) -> bytes:
    worker = threading.Thread(target=_work, args=(b"",), daemon=True)
    worker.start()
    worker.join()
    return b""


def _grow(_: bytes) -> bytes:
    return bytes(bytearray(b"x") * (3 << 30))


def _stumble(data: bytes) -> bytes:
    raise IndexError(data)


def _quit(_: bytes) -> bytes:
    os._exit(3)


DECODERS = {"crash": _crash, "work": _work, "wait": _wait, "work elsewhere": _work_elsewhere,
            "grow": _grow, "quit": _quit, "stumble": _stumble, "plain": lambda data: data[::-1]}
MEDIA.update({name: Medium(1 << 20, decode, seconds=0.3) for name, decode in DECODERS.items()})
for name, verify in (("tried", bytes), ("tried, crashes", _crash), ("tried, works", _work)):
    MEDIA[name] = Medium(1 << 20, lambda data: data[::-1], 1.0, verify)  # type: ignore[arg-type]
