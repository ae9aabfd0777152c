"""Fetches a file over HTTP, checked, and unpacks an archive, whole or not at all."""

import contextlib
import hashlib
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path

from schemas.errors import InputError

Progress = Callable[[int, int | None], None]
WAITS_S = (1.0, 3.0, 9.0)  # before each further attempt
_TIMEOUT_S = 20.0  # of connecting, and of waiting for the next bytes
_BLOCK = 1 << 16
_PASSING = (408, 429, 500, 502, 503, 504)  # states of a server that may pass


class DownloadError(Exception):
    """Why a file could not be had; a sentence without its end, for a message that goes on."""


class _BrokenOffError(Exception):
    """An attempt failed in a way that another one may not."""


def download(url: str, part: Path, md5: str, progress: Progress,
             waits: Sequence[float] = WAITS_S) -> None:
    """Fetches a file and checks its digest; a broken attempt begins anew.

    Args:
      url: What to fetch.
      part: Where its bytes go.
      md5: The digest that it must have, hexadecimal.
      progress: Told the bytes that are there and all that are expected, `None` where unknown.
      waits: Seconds before each further attempt; their number bounds the attempts.

    Raises:
      DownloadError: The server cannot be reached, refuses, keeps breaking off, or sends something
        else than expected.
      InputError: The file cannot be written.
    """
    _fetch(url, part, progress, waits)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if digest != md5:
        part.unlink()
        raise DownloadError(f"{url} has the MD5 {digest}, expected {md5}")


def download_text(url: str, part: Path, waits: Sequence[float] = WAITS_S) -> str:
    """Fetches a short text, by way of a file that is gone afterwards.

    Raises:
      DownloadError: The server cannot be reached, refuses or keeps breaking off.
      InputError: The file cannot be written.
    """
    _fetch(url, part, lambda received, total: None, waits)
    text = part.read_text(encoding="utf-8", errors="replace")
    part.unlink()
    return text


def unpack(archive: Path, folder: Path, name: str) -> None:
    """Unpacks the folder `name` of a zip archive into a folder, where it appears at once.

    Raises:
      DownloadError: The file is no zip archive, has no such folder, or has a member that would
        land elsewhere.
      InputError: The folder cannot be written.
    """
    with writing(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking-") as space:
        try:
            with zipfile.ZipFile(archive) as file:
                for member in file.namelist():
                    if not (Path(space) / member).resolve().is_relative_to(Path(space).resolve()):
                        raise DownloadError(f"The archive holds {member!r}, which leads elsewhere")
                file.extractall(space, [m for m in file.namelist() if m.startswith(f"{name}/")])
        except zipfile.BadZipFile as error:
            raise DownloadError(f"The archive is broken ({error})") from error
        if not (Path(space) / name).is_dir():
            raise DownloadError(f"The archive holds no folder {name}")
        (Path(space) / name).rename(folder / name)


def _fetch(url: str, part: Path, progress: Progress, waits: Sequence[float]) -> None:
    reason: Exception | None = None
    for wait in (0.0, *waits):
        time.sleep(wait)
        try:
            return _attempt(url, part, progress)
        except _BrokenOffError as error:
            reason = error
    part.unlink(missing_ok=True)
    raise DownloadError(f"{url} failed {len(waits) + 1} times, at last: {reason}")


def _attempt(url: str, part: Path, progress: Progress) -> None:
    received = 0
    with _opened(url) as response:
        total = response.length
        with writing(part), part.open("wb") as file:
            progress(received, total)
            for block in _blocks(response):
                file.write(block)
                received += len(block)
                progress(received, total)
    if total is not None and received < total:
        raise _BrokenOffError(f"it ended after {received} of {total} bytes")


def _opened(url: str) -> HTTPResponse:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "tessera"})
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code not in _PASSING:
            raise DownloadError(f"{url} responds with HTTP {error.code} {error.reason}") from error
        raise _BrokenOffError(f"HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise DownloadError(f"{url} cannot be reached ({error.reason})") from error
    except (ValueError, InvalidURL) as error:
        raise DownloadError(f"{url} is no address ({error})") from error
    except (OSError, HTTPException) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error


def _blocks(response: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            block = response.read(_BLOCK)
        except (OSError, HTTPException) as error:
            raise _BrokenOffError(str(error) or type(error).__name__) from error
        if not block:
            return
        yield block


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the operating system says of a full disk and the like into an `InputError`."""
    try:
        yield
    except OSError as error:
        raise InputError("download-not-written",
                         f"Cannot write {path}: {error.strerror or error}. It must be writable and "
                         "have room; or give another folder with --root.") from error
