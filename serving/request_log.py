"""A sample of requests with their responses, as TensorFlow Serving logs them: TFRecord files.

Users' ids are replaced by keyed hashes whose key lives as long as the server, so that no file says
who asked. Only signatures are logged whose inputs hold no raw content of users, and of histories
only what the model's schema says is neither a text nor personal; the rest counts as absent.
"""

import errno
import hashlib
import json
import logging
import os
import random
import secrets
import struct
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np

from schemas.errors import InputError
from serving import filters, wire
from serving.signature import DEFAULT_SIGNATURE, HISTORY, absent
from serving.signature import histories as signature_histories
from serving.tensors import ndarray, tensor_proto

# What every model has; a version's own are in a file of it, see `logged_histories`.
HISTORIES = frozenset({f"{HISTORY}item_id", f"{HISTORY}timestamp"})
HISTORIES_FILE = Path("assets.extra", "logged_histories.json")
LOGGED = ("recommend", filters.SIGNATURE, DEFAULT_SIGNATURE, "user_profile")
_USER_ID = "user_id"
_FILE_BYTES = 64 << 20
_log = logging.getLogger(__name__)
_MASK = 0xA282EAD8  # of TFRecord's checksums


class RequestLog:
    """Writes a share of the requests.

    Args:
      folder: Where the files go; made if it is not there.
      share: How many of the requests are written, above 0 and at most 1.

    Raises:
      InputError: The share is none, or the folder cannot be made.
    """

    def __init__(self, folder: Path, share: float) -> None:
        if not 0 < share <= 1:
            raise InputError("bad-log-share",
                             f"--request-log-share must be above 0 and at most 1; given: {share}.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("bad-log-folder",
                             f"{folder} cannot hold the request log: {error.strerror}. Choose "
                             "another with --request-log.") from error
        self._folder, self._share = folder, share
        self._key = secrets.token_bytes(32)
        self._random = random.Random()  # which requests are written must not be foreseen
        self._lock = threading.Lock()
        self._file: Any = None
        self._fails = False

    def __call__(self, signature: str, request: Any, response: Any,
                 histories: Collection[str] = HISTORIES) -> None:
        """Writes a request and its response, if it is one of the sample.

        Args:
          signature: The signature that was asked.
          request: The `PredictRequest`, which was served; it is not changed.
          response: The `PredictResponse`.
          histories: The inputs of histories whose values may be logged.
        """
        if signature not in LOGGED or self._random.random() >= self._share:
            return
        log = wire.message("PredictionLog")()
        log.log_metadata.model_spec.CopyFrom(response.model_spec)
        log.log_metadata.timestamp_secs = int(time.time())
        logged = log.predict_log.request
        logged.model_spec.CopyFrom(response.model_spec)
        logged.output_filter.extend(request.output_filter)
        hidden = set(signature_histories(request.inputs)) - set(histories)
        for name, tensor in request.inputs.items():  # read: a client's own fields are not copied
            array = ndarray(tensor)
            if name == _USER_ID and array.dtype == object:
                array = np.array([self._pseudonym(one) if one else b"" for one in array.flat],
                                 object).reshape(array.shape)
            elif name == _USER_ID or name in hidden:
                array = np.full(array.shape, absent(tensor.dtype), array.dtype)
            logged.inputs[name].CopyFrom(tensor_proto(array))
        log.predict_log.response.CopyFrom(response)
        with self._lock:
            try:
                self._write(log.SerializeToString())
                self._fails = False
            except OSError as error:  # a full disk, which is no fault of the request
                if not self._fails:
                    _log.warning("No request is logged in %s for now: %s", self._folder, error)
                self._fails = True

    def close(self) -> None:
        """Ends the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _pseudonym(self, user: bytes) -> bytes:
        return hashlib.blake2b(user, digest_size=8, key=self._key).hexdigest().encode()

    def _write(self, data: bytes) -> None:
        if self._file is not None and self._file.tell() > _FILE_BYTES:
            self._file.close()
            self._file = None
        if self._file is None:
            name = f"requests-{int(time.time())}-{secrets.token_hex(4)}.tfrecord"
            # What a buffer holds would be written again, and fail again, when the file is closed.
            self._file = (self._folder / name).open("xb", buffering=0)
        whole, end = record(data), self._file.tell()
        try:
            if self._file.write(whole) < len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._file.seek(end)
            self._file.truncate()  # half a record would make all that follow unreadable
            raise


def logged_histories(version: Path) -> frozenset[str]:
    """Returns the inputs of a version's histories whose values may be logged.

    Args:
      version: The version's folder; without the file, or with one that is none, few are.
    """
    try:
        names = json.loads((version / HISTORIES_FILE).read_text(encoding="utf-8"))
        return HISTORIES | set(names if isinstance(names, list) else ())
    except (OSError, ValueError, TypeError):
        return HISTORIES


def record(data: bytes) -> bytes:
    """Returns a record of a TFRecord file: the length, the data, and a checksum of each."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _checksum(length), data, _checksum(data)))


def _checksum(data: bytes) -> bytes:
    value = google_crc32c.value(data)
    return struct.pack("<I", (((value >> 15) | (value << 17)) + _MASK) & 0xFFFFFFFF)
