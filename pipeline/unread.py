"""What a run leaves whose data could not be read, or not as far as to be judged.

Who is on call opens the page of the newest run: without one of its own, yesterday's would be there.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from components.data_report.page import of_unread, write_pages
from components.data_validator.verdict import DataVerdict, unread
from pipeline import alerts, results
from pipeline.config import RunConfig
from pipeline.nodes import NodeError, NodeRun, explained, failure_line, of_type
from pipeline.process import PeakMemory
from pipeline.root import new_run
from pipeline.runs_page import write_runs_page
from schemas import FeatureSpec, TesseraError

_FAULT = "step-failed"  # as a command calls a fault that nobody foresaw


def leave_unread(config: RunConfig, spec: FeatureSpec, error: Exception) -> Path:
    """Leaves a run whose data could not be opened: its folder, its page, and a post.

    Args:
      config: What was to be run.
      spec: The dataset's spec.
      error: What is wrong.

    Returns:
      The page.
    """
    known = explained("The check of the data", error, config.root)
    line = known.line if known else f"{type(error).__name__}: {error}"
    folder = new_run(config.root)
    verdict = unread(known.code if known else _FAULT, str(known or line), folder.name,
                     int(time.time()))
    with PeakMemory() as memory:
        metrics = {"work": config.work(spec)} | results.collect(config, {}, 0.0)
    metrics |= {"not_blessed_because": [line], "peak_rss_mb": round(memory.megabytes)}
    with suppress(OSError):  # the error itself is what is reported
        _write_page(folder, config, verdict)
        results.write(folder, metrics, {})
        write_runs_page(config.root)
    _notify(config, folder.name, verdict)
    return folder / "data_report.html"


def notify_of_data(folder: Path, config: RunConfig, nodes: Mapping[str, NodeRun],
                 failure: NodeError | None) -> None:
    """Posts the verdict on a run's data; where a step failed before its report, writes that too.

    Args:
      folder: `<root>/runs/<run id>`.
      config: What was run.
      nodes: The nodes that ended, by id.
      failure: The node that failed, if one did.
    """
    if judged := of_type(nodes, "tessera.DataVerdict"):
        verdict = DataVerdict.load(str(judged[-1]))
    elif failure is not None:
        verdict = _of_failure(failure, folder.name)
    else:  # a pipeline that does not judge its data
        return
    if failure is not None and not of_type(nodes, "tessera.DataReport"):
        _write_page(folder, config, verdict)
    _notify(config, folder.name, verdict)


def _of_failure(failure: NodeError, run: str) -> DataVerdict:
    cause, now = failure.__cause__, int(time.time())
    if isinstance(cause, TesseraError):
        return unread(cause.code, f"{failure.node}: {cause}", run, now)
    return unread(_FAULT, failure_line(failure), run, now)


def _write_page(folder: Path, config: RunConfig, verdict: DataVerdict) -> None:
    write_pages(of_unread(config.dataset_name, verdict) | {"folder": config.read_from}, folder)


def _notify(config: RunConfig, run: str, verdict: DataVerdict) -> None:
    if config.alerts.webhook:
        alerts.post(config.alerts.webhook, alerts.message(
            run, config.dataset_name, config.recipe_name, verdict))
