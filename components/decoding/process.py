"""Asks the process that decodes; it is started with the first value and ends with this one."""

import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

from components.media import MEDIA, MediaFault, check_file
from schemas.errors import TesseraError, unknown
from schemas.extensions import LOADED

_HEAD = struct.Struct(">cQ")
DECODE, VERIFY = "decode", "verify"  # the work of a process
TRACK = "track"  # of a video, in the place of a modality
# Kinds of responses; a fault that quotes the value is one of its own.
VALUE, NOTHING, FAULT, QUOTING = b"v", b"n", b"f", b"q"


class PipeClosed(Exception):
    """The other side is gone."""


def send(pipe: int, kind: bytes, content: bytes) -> None:
    """Writes a message to a file descriptor; `kind` is one byte."""
    for part in (_HEAD.pack(kind, len(content)), content):
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(pipe, rest):]


def receive(pipe: int) -> tuple[bytes, bytes]:
    """Reads a message from a file descriptor.

    Raises:
      PipeClosed: There is none, and none will come.
    """
    kind, length = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    return kind, _exactly(pipe, length)


def _exactly(pipe: int, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = os.read(pipe, min(length - len(content), 1 << 20))
        if not part:
            raise PipeClosed
        content += part
    return bytes(content)


def decode(value: bytes | Path, modality: str) -> bytes:
    """Reads encoded media and proves that they decode, in a process with limits.

    Size, format and dimensions are judged from the file's size and header, before any pixel or
    sample is decoded.

    Args:
      value: The encoded bytes, or the path of their file.
      modality: `"image"` (JPEG, PNG, GIF or BMP, at most 8 MiB and 25 megapixels, all frames of
        an animation together), `"audio"` (WAV, FLAC, OGG or MP3, at most 64 MiB and 10 minutes),
        `"video"` (GIF, MP4 or WebM, at most 128 MiB, 10 minutes and 9 megapixels), or another of
        `components.media.MEDIA`.

    Returns:
      The form that later stages read: a picture as `schemas.media.as_seen` gives it, which for
      most is its very bytes; sound and video in the form of `schemas.media`.

    Raises:
      MediaFault: The media are missing, empty, too large, damaged, or their decoder crashed or
        went over a limit of time or memory.
      InputError: There is no such modality.
      TesseraError: The process cannot be started.
    """
    if modality not in MEDIA:
        raise unknown("media modality", modality, MEDIA)
    if isinstance(value, bytes):
        check_file(value, modality)  # that process has no memory for what is far too large
    kind, content = _process(DECODE).ask(modality, value)
    if kind != VALUE:
        raise MediaFault(content.decode("utf-8", "replace"), quotes=kind == QUOTING)
    if MEDIA[modality].verify:
        kind, reason = _process(VERIFY).ask(modality, content)
        if kind in (FAULT, QUOTING):
            raise MediaFault(reason.decode("utf-8", "replace"), quotes=kind == QUOTING)
    return content


def decode_track(value: bytes | Path) -> bytes | None:
    """Reads the sound track of a video likewise; `None` where it has none or is damaged."""
    try:
        if isinstance(value, bytes):
            check_file(value, "video")
    except MediaFault:  # whose reason is with the video itself
        return None
    kind, content = _process(DECODE).ask(TRACK, value)
    return content if kind == VALUE else None


class _Process:
    """The process, and the pipes to and from it; its work is `DECODE` or `VERIFY`."""

    def __init__(self, work: str) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()  # Beam may decode in several threads
        their_requests, self._requests = os.pipe()
        self._responses, their_responses = os.pipe()
        pipes = (their_requests, their_responses)
        self._started = subprocess.Popen(
            [sys.executable, "-m", "components.decoding.worker", *map(str, pipes), work, *LOADED],
            pass_fds=pipes, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            # TensorFlow tries pictures, and would take all memory of an accelerator.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1",
                 "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
        for pipe in pipes:
            os.close(pipe)

    def ask(self, modality: str, value: bytes | Path) -> tuple[bytes, bytes]:
        """Returns the kind of the response and its content."""
        path = os.fsdecode(value) if isinstance(value, Path) else None
        with self._lock:
            try:
                head = json.dumps({"modality": modality, "path": path})
                send(self._requests, b"h", head.encode())
                send(self._requests, b"c", b"" if isinstance(value, Path) else value)
                return receive(self._responses)
            except (PipeClosed, BrokenPipeError) as error:
                raise TesseraError(
                    "decoder-not-running",
                    f"The process that decodes media ended with code {self._started.wait()}. What "
                    "it said is above; run again, with more memory if it had too little."
                ) from error


_running: dict[str, _Process] = {}  # by their work


def _process(work: str) -> _Process:
    """Returns the process of this one; a fork of this one starts its own."""
    if work not in _running or _running[work].owner != os.getpid():
        _running[work] = _Process(work)
    return _running[work]
