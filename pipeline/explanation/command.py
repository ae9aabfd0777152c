"""`tessera explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.explanation import check_method
from pipeline.pushed import serving_folder
from pipeline.root import write_whole
from schemas import InputError

if TYPE_CHECKING:  # what it needs takes seconds to load
    from pipeline.explanation.explainer import Explanation


def explain(root: Path, user: str, item: str, task: str | None, output: Path,
            method: str) -> Explanation:
    """Explains a prediction of the newest pushed model in a page.

    Args:
      root: The root that runs were written under.
      user: The user's id.
      item: The item's id.
      task: The task whose score is explained; the one that ranks where `None`.
      output: The page to write.
      method: One of `pipeline.explanation.METHODS`.

    Returns:
      The explanation.

    Raises:
      InputError: Nothing is pushed yet, the model's data are gone, a name is unknown, or the page
        cannot be written.
    """
    check_method(method)  # before TensorFlow is loaded
    folder = serving_folder(root)
    if not output.parent.is_dir():
        raise InputError("no-output-folder",
                         f"Cannot write {output}: there is no folder {output.parent}. Make it, or "
                         "give another file with -o.")
    from pipeline.explanation.explainer import Explainer
    from pipeline.explanation.lineage import pushed_source
    from pipeline.explanation.page import page

    source = pushed_source(root, folder)
    explanation = Explainer(source).explain(user, item, task, method)
    try:
        write_whole(output, page(explanation, source.spec).encode())
    except OSError as error:
        raise InputError("explanation-not-written",
                         f"Cannot write {output}: {error.strerror}. Give another file with "
                         "-o.") from error
    return explanation
