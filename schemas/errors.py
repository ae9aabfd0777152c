"""The errors a user can meet, each with the exit code it ends a command with."""

from collections.abc import Iterable


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
