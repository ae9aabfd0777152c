"""`tessera forget`: a pushed model without a user, as a new version beside the old one."""

import tempfile
from contextlib import nullcontext
from pathlib import Path

from components.pusher.component import push
from pipeline.pushed import serving_folder
from pipeline.root import one_run
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
      InputError: There is no such model or user, or a run of the model is under way.
    """
    folder = serving_folder(root, model)
    # A run that pushes meanwhile would have its model replaced by an older one.
    alone = one_run(root, folder.name) if folder.parent == root / "serving" else nullcontext()
    with alone, tempfile.TemporaryDirectory(prefix=".forget-", dir=folder) as space:
        newest = versions(folder)[max(versions(folder))]
        made = Path(space, "model")
        without_user(newest, user, made)
        return push(made, folder)
