"""The errors a user can meet, each with the exit code it ends a command with."""

from collections.abc import Iterable

_DISK_FAULTS = ("No space left on device", "Disk quota exceeded", "database or disk is full",
                "File too large")


class TesseraError(Exception):
    """Base of all errors that are told to the user as one message, without a stack trace."""

    exit_code = 1


class InputError(TesseraError):
    """A file, an argument, a schema or a configuration that cannot be used as given."""

    exit_code = 2


class DataAnomalyError(TesseraError):
    """Data that was read but must not be trained on."""

    exit_code = 3


def unknown(kind: str, given: str, known: Iterable[str]) -> InputError:
    """Builds the error for a name that is not in a registry.

    Args:
      kind: What the name should have been, such as `"recipe"`.
      given: The name as given.
      known: The names that exist.

    Returns:
      An `InputError` that lists the known names.
    """
    return InputError(f"Unknown {kind} {given!r}. Known: {', '.join(sorted(known))}.")


def disk_fault(error: BaseException | None) -> str | None:
    """Returns the system's words if an error comes from a disk that takes no more, else `None`.

    Libraries in C++ tell it in their text alone, and others wrap the error of the system.
    """
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        for fault in _DISK_FAULTS:
            if fault in str(one):
                return fault
        waiting += [one.__context__, one.__cause__]
    return None
