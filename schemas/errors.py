"""The errors a user can meet, each with the exit code it ends a command with."""

import errno
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence

_DISK_FAULTS = ("No space left on device", "Disk quota exceeded", "database or disk is full",
                "File too large")
_DISK_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ACCESS_FAULTS = ("Permission denied", "Read-only file system", "Operation not permitted",
                  "attempt to write a readonly database")
_ACCESS_CODES = (errno.EACCES, errno.EPERM, errno.EROFS)
_TWICE = re.compile(r"(?<=[^\s./\\])\.\.(?=\s|$)")  # neither "..." nor a path such as "../"
_MARK = "tessera: "  # before what another process makes an error anew from
_MARKED = re.compile(re.escape(_MARK) + r'(\{"type": .*\})')
_MEMORY_FAULTS = ("Cannot allocate memory", "OOM when allocating", "std::bad_alloc")


class TesseraError(Exception):
    """Base of all errors that end a command with one message, without a stack trace.

    Attributes:
      code: Names what is wrong, in the same way for ever; docs/errors.md lists all codes.
      line: The code and the message, as a failed command shows them.

    Example:
      >>> InputError("unknown-color", "Unknown color 'pnik'.").line
      "error[unknown-color]: Unknown color 'pnik'."
    """

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        """Makes an error.

        Args:
          code: Lower-case words with hyphens, used at this place alone.
          message: What was given, what was expected and what to do.
        """
        super().__init__(code, message)
        # Beam makes an error anew, with the name of its step behind the first argument.
        self.code, self._message = code.partition(" [while running ")[0], message
        # A trace ends with it, and of a worker's error nothing but the trace's text comes back.
        self.add_note(_MARK + json.dumps(
            {"type": type(self).__name__, "code": self.code, "message": message}))

    def __str__(self) -> str:
        """Returns the message; another error's words within it may have brought a full stop."""
        return _TWICE.sub(".", self._message)

    @property
    def line(self) -> str:
        return f"error[{self.code}]: {self}"


class InputError(TesseraError):
    """A file, an argument, a schema or a configuration that cannot be used as given."""

    exit_code = 2


class DataAnomalyError(TesseraError):
    """Data that was read but must not be trained on."""

    exit_code = 3


def restored(error: BaseException) -> TesseraError | None:
    """Makes our error anew where another one quotes its trace, as Beam's engines do.

    Args:
      error: What was raised.

    Returns:
      The last error in the trace, of the same type, code and message; `None` if there is none.
    """
    for one in causes(error):
        for marked in reversed(_MARKED.findall(str(one))):
            try:
                given = json.loads(marked)
                kind = _kinds(TesseraError).get(given["type"], TesseraError)
                return kind(given["code"], given["message"])
            except (ValueError, TypeError, KeyError):
                continue  # cut off on the way
    return None


def _kinds(base: type[TesseraError]) -> dict[str, type[TesseraError]]:
    return {base.__name__: base} | {
        name: kind for one in base.__subclasses__() for name, kind in _kinds(one).items()}


def unknown(kind: str, given: str, known: Iterable[str]) -> InputError:
    """Builds the error for a name that is not in a registry.

    Args:
      kind: What the name should have been, such as `"recipe"`.
      given: The name as given.
      known: The names that exist.

    Returns:
      An `InputError` that lists the known names.
    """
    return InputError(f"unknown-{re.sub('[ .]', '-', kind)}",
                      f"Unknown {kind} {given!r}. Known: {', '.join(sorted(known))}.")


def disk_fault(error: BaseException | None) -> str | None:
    """Returns the system's words if an error comes from a disk that takes no more, else `None`."""
    return _fault(error, _DISK_FAULTS, _DISK_CODES)


def access_fault(error: BaseException | None) -> str | None:
    """Returns the system's words if an error comes from missing rights to files, else `None`."""
    return _fault(error, _ACCESS_FAULTS, _ACCESS_CODES)


def memory_fault(error: BaseException | None) -> str | None:
    """Returns the system's words if an error comes from a lack of memory, else `None`."""
    if any(isinstance(one, MemoryError) for one in causes(error)):
        return "Cannot allocate memory"
    return _fault(error, _MEMORY_FAULTS, (errno.ENOMEM,))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yields an error and all that it came from, each once."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__context__, one.__cause__]


def _fault(error: BaseException | None, words: Sequence[str], codes: Sequence[int]) -> str | None:
    """Libraries in C++ say it in their text alone, and others wrap the error of the system."""
    for one in causes(error):
        if isinstance(one, OSError) and one.errno is not None and one.errno in codes:
            return os.strerror(one.errno)
        for fault in words:
            if fault in str(one):
                return fault
    return None
