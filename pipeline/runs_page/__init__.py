"""The page over all runs of a root: verdicts, metrics over time, links."""

import datetime
from pathlib import Path

from pipeline.pages import page
from pipeline.root import write_whole
from pipeline.runs_page.content import groups, read_runs

_NAME = "index.html"


def write_runs_page(root: Path) -> Path:
    """Writes `<root>/runs/index.html`, which needs no network.

    Args:
      root: The folder of all results.

    Returns:
      The page. It appears whole.

    Raises:
      OSError: It cannot be written.
    """
    runs = read_runs(root / "runs")
    path = root / "runs" / _NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    written = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    html = page(Path(__file__).with_name("page.html.j2"), root=root, written=written,
                count=len(runs), newest=runs[-1] if runs else None, groups=groups(runs))
    write_whole(path, html.encode())
    return path
