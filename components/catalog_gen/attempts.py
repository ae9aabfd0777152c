"""Files in between, of a worker's one attempt at a shard or a bucket."""

import socket
import uuid
from pathlib import Path

from schemas import InputError


def own_path(scratch: str, name: str) -> str:
    """Returns a path that no other attempt at the same work has.

    An engine tries a bundle again whose worker died or was cut off, and that worker may write on.

    Args:
      scratch: The folder for files in between.
      name: What the path's name begins with.

    Raises:
      InputError: This worker does not see the folder.
    """
    if not Path(scratch).is_dir():
        raise InputError(
            "scratch-not-reached",
            f"A worker on {socket.gethostname()} does not see the folder {scratch}, in which "
            "ingest keeps rows between its steps. Mount the root and the data at the same paths "
            "on the machines of all workers.")
    return f"{scratch}/{name}-{uuid.uuid4().hex}"
