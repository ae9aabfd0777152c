"""`tessera forget`: a pushed model without a user, as a new version beside the old one."""

import tempfile
from pathlib import Path

from components.pusher.component import push
from pipeline.pushed import serving_folder
from serving.forgetting import without_user
from serving.model_config import versions


def forget(root: Path, user: str, model: str | None = None) -> Path:
    """Takes a user out of the newest version of a pushed model.

    Args:
      root: The root that runs were written under.
      user: The user's id as the model has it.
      model: The pushed model; the one pushed last by default.

    Returns:
      The folder of the new version.

    Raises:
      InputError: There is no such model or user.
    """
    folder = serving_folder(root, model)
    newest = versions(folder)[max(versions(folder))]
    with tempfile.TemporaryDirectory(prefix=".forget-", dir=folder) as space:
        made = Path(space, "model")
        without_user(newest, user, made)
        return push(made, folder)
