"""Where a medium is that a table names."""

from pathlib import Path

from components.sources.files.values import ValueFault


def media_path(folder: Path, value: str) -> Path:
    """Returns the file that a value of a table names.

    Args:
      folder: The media folder, with all links followed.
      value: A path from there. Links within the folder are followed.

    Raises:
      ValueFault: The path leads out of the folder, by itself or by a link, or nowhere.
    """
    try:
        path = (folder / value).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, a zero
        raise ValueFault(f"the path {value[:60]!r} leads nowhere ({error})") from error
    if not path.is_relative_to(folder):
        raise ValueFault(f"the path {value!r} leaves the media folder")
    return path
