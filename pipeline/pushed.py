"""The models that runs have pushed."""

from pathlib import Path

from schemas.errors import InputError, unknown
from serving.model_config import versions


def serving_folder(root: Path, model: str | None = None) -> Path:
    """Returns the folder of a pushed model.

    Args:
      root: The root that runs were written under.
      model: The folder's name under `serving/`, such as `demo-flagship-1`, or any folder of
        versions; the one with the newest push by default.

    Returns:
      A folder with versions, as TF Serving reads it.

    Raises:
      InputError: Nothing was pushed under this root yet, or no such model.
    """
    if model is not None and versions(Path(model)):
        return Path(model)
    pushed = {folder.name: folder for folder in (root / "serving").glob("*") if versions(folder)}
    if not pushed:
        raise InputError("no-pushed-model",
                         f"No pushed model under {root}. Run `tessera run --root {root}` first.")
    if model is not None:
        if model not in pushed:
            raise unknown("pushed model", model, pushed)
        return pushed[model]
    return max(pushed.values(), key=lambda folder: max(versions(folder)))  # the time of a push
