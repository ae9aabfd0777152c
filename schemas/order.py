"""The order of events that share a second."""

import hashlib


def tie_break(user: str, item: str) -> bytes:
    """Returns a sort key for the events of one user in one second.

    Ties must not be in the order of item ids: under a split that orders ties by id, the newest
    id of a history would betray which ids come next.

    Args:
      user: The user's id.
      item: The item's id.

    Returns:
      Eight bytes that depend on nothing else.
    """
    return hashlib.blake2b(f"{user}/{item}".encode(), digest_size=8).digest()
