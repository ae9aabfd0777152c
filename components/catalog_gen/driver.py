"""The content of a source's files, as a part of the component's cache key."""

import hashlib
import json
import os
from collections.abc import Iterable
from typing import Any

from components.parameter_driver import ParameterDriver
from components.privacy.deletions import read_deletions
from components.privacy.options import Privacy
from components.sources import open_source
from components.sources.base import Source

_BLOCK = 1 << 20


class Driver(ParameterDriver):
    """Sets the fingerprint of the source's files."""

    def parameters(self, given: dict[str, Any]) -> dict[str, str]:
        """Returns the fingerprint."""
        privacy = Privacy.model_validate_json(given["privacy"])
        return {"fingerprint": fingerprint(open_source(**json.loads(given["source"])),
                                           read_deletions(privacy.deletion_list))}


def fingerprint(source: Source, deleted: Iterable[str] = ()) -> str:
    """Digests the paths and the content of all files of a source.

    Args:
      source: The source.
      deleted: Users whose rows are not read.

    Returns:
      Thirty-two hexadecimal digits. One changed byte changes them, and so does a file or a folder
      of another name: rows name their pictures by paths. Where the whole dataset is changes none.
    """
    digest = hashlib.blake2b(digest_size=16)
    for user in sorted(deleted):
        digest.update(user.encode("utf-8", "surrogatepass") + b"\0")
    for path in sorted(source.files()):
        # What a link leads to decides whether it may be read, and a folder's what its paths mean.
        link = os.readlink(path) if path.is_symlink() else ""
        name = os.fsencode(os.path.relpath(path, source.data_dir))
        digest.update(b"%b\0%b\0" % (name, os.fsencode(link)))
        if path.is_dir():
            continue
        digest.update(b"%d\0" % path.stat().st_size)
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()
