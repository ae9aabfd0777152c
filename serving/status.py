"""What a server says of a version."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VersionStatus:
    """The state of one version of the model on the server.

    Attributes:
      version: The version.
      state: `START`, `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
      error: Why it could not be loaded, or empty.
    """

    version: int
    state: str
    error: str = ""
