"""The addresses that a server may listen on."""

import errno
import socket
from collections.abc import Mapping

from schemas.errors import InputError


def require_ports(given: Mapping[str, int | None]) -> None:
    """Refuses what is no port, by option; `None` is a port that is not wanted.

    Raises:
      InputError: If one is out of range.
    """
    for option, port in given.items():
        if port is not None and not 0 <= port <= 65535:
            raise InputError(
                "bad-port", f"{option} must be 0 to 65535, 0 for a free one; given: {port}.")


def require_free(host: str, port: int) -> None:
    """Refuses an address that cannot be listened on.

    Raises:
      InputError: If the port is taken, or the host is none of this machine.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except (OSError, TypeError) as error:  # the latter of a name that no host can have
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                raise port_in_use(host, port) from error
            raise InputError(
                "cannot-listen",
                f"Cannot listen on {host}:{port}: {getattr(error, 'strerror', error)}. "
                "Choose another address with --host or another port with --port."
            ) from error


def port_in_use(host: str, port: int) -> InputError:
    """Returns the error of a port that another process has."""
    return InputError(
        "port-in-use",
        f"Port {port} on {host} is in use by another process; choose another with --port."
    )
