"""The splits of interactions, and the `Split-<name>` folders of TFX's artifacts."""

from pathlib import Path

from schemas import InputError

SPLITS = ("train", "validation", "test")
_ORDER = ("all", *SPLITS)


def split_folders(uri: str) -> dict[str, Path]:
    """Lists the splits of an artifact.

    Args:
      uri: The artifact's folder.

    Returns:
      Folders by split, in the order in which they are used; unknown names last.

    Raises:
      InputError: The folder holds no split.
    """
    folders = {p.name.removeprefix("Split-"): p for p in Path(uri).glob("Split-*")}
    if not folders:
        raise InputError("no-splits", f"{uri} holds no split; expected folders named Split-<name>.")
    rank = {name: position for position, name in enumerate(_ORDER)}
    return dict(sorted(folders.items(), key=lambda s: (rank.get(s[0], len(rank)), s[0])))
