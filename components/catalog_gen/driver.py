"""The content of a source's files, as a part of the component's cache key."""

import hashlib
import json
from typing import Any

from components.parameter_driver import ParameterDriver
from components.sources import open_source
from components.sources.base import Source

_BLOCK = 1 << 20


class Driver(ParameterDriver):
    """Sets the fingerprint of the source's files."""

    def parameters(self, given: dict[str, Any]) -> dict[str, str]:
        """Returns the fingerprint."""
        return {"fingerprint": fingerprint(open_source(**json.loads(given["source"])))}


def fingerprint(source: Source) -> str:
    """Digests the names and the content of all files of a source.

    Args:
      source: The source.

    Returns:
      Thirty-two hexadecimal digits; one changed byte changes them.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(source.files()):
        digest.update(f"{path.name}/{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()
