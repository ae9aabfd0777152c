"""The processes that decode:
`python -m components.decoding.worker REQUESTS RESPONSES decode|verify [MODULE ...]`.

One imports the decoders once and forks. The fork serves requests until one ends it: by a crash, or
by a limit on time or memory. Then the next fork serves on, at once. Nothing in this process has
threads when it forks, and TensorFlow is not in it. The forks that verify what graphs will decode
load TensorFlow, each for itself, before their limits hold.
"""

import gc
import json
import os
import resource
import signal
import sys
from pathlib import Path

from components.decoding.process import (
    FAULT,
    NOTHING,
    QUOTING,
    TRACK,
    VALUE,
    VERIFY,
    PipeClosed,
    receive,
    send,
)
from components.media import MEDIA, MediaFault, check_file, read_sound_track
from schemas.extensions import load_extensions

_MEMORY = 1 << 30  # bytes beyond those of the process itself
_ADDRESSES = 4 << 30
_WAITING = 6  # a value may take so many times its processor time, on a machine that is busy


def serve(requests: int, responses: int, work: str) -> None:
    """Answers requests, each in this process or a fork of it, until there are no more."""
    while True:
        child = os.fork()
        if not child:
            _serve_in_limits(requests, responses, work)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and not os.WEXITSTATUS(status):
            return
        send(responses, FAULT, _death(status).encode())


def _serve_in_limits(requests: int, responses: int, work: str) -> None:
    gc.disable()
    if work == VERIFY:
        import tensorflow  # noqa: F401  (takes more than a value may)
    _limit_memory()
    gc.freeze()  # what was imported is no garbage, and is not looked at again
    gc.enable()
    try:
        while True:
            head, content = (receive(requests)[1] for _ in range(2))
            send(responses, *_response(json.loads(head), content, work))
            gc.collect()  # a film's threads, and their stacks, live as long as what refers to them
    except PipeClosed:
        return


def _response(request: dict[str, str | None], content: bytes, work: str) -> tuple[bytes, bytes]:
    modality, path = str(request["modality"]), request["path"]
    value = content if path is None else Path(os.fsdecode(path))
    seconds = MEDIA["video" if modality == TRACK else modality].seconds
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of the processor; each ends the process
    signal.setitimer(signal.ITIMER_REAL, _WAITING * seconds)
    try:
        if work == VERIFY:
            if verify := MEDIA[modality].verify:
                verify(content)
            return NOTHING, b""
        if modality == TRACK:
            track = read_sound_track(value)
            return (NOTHING, b"") if track is None else (VALUE, track)
        return VALUE, MEDIA[modality].decode(check_file(value, modality))
    except MediaFault as fault:
        return QUOTING if fault.quotes else FAULT, str(fault).encode("utf-8", "replace")
    except MemoryError:
        return FAULT, f"{modality} needs more than {_MEMORY >> 20} MiB to be decoded".encode()
    except Exception as error:  # of a decoder that did not foresee this file; a trace helps nobody
        return FAULT, f"its decoder failed ({type(error).__name__})".encode()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit_memory() -> None:
    pages = [int(part) for part in Path("/proc/self/statm").read_text().split()] \
        if Path("/proc/self/statm").exists() else [0, 0, 0, 0, 0, 0]
    size = resource.getpagesize()
    for limit, now, more in ((resource.RLIMIT_DATA, pages[5] * size, _MEMORY),
                             (resource.RLIMIT_AS, pages[0] * size, _ADDRESSES)):
        _, hard = resource.getrlimit(limit)
        most = now + more if hard == resource.RLIM_INFINITY else min(hard, now + more)
        resource.setrlimit(limit, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _death(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in (signal.SIGPROF, signal.SIGALRM):
            return "it takes longer to be decoded than a value may"
        return f"its decoder crashed ({signal.Signals(number).name})"
    return f"its decoder ended ({os.WEXITSTATUS(status)})"


if __name__ == "__main__":
    load_extensions(sys.argv[4:])
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
