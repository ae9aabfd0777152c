"""How a run's data are, for somebody else's system: one POST to a webhook at the end of a run."""

import json
import logging
import urllib.request
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator

from trainer.options import Strict

if TYPE_CHECKING:
    from components.data_validator.verdict import DataVerdict

_SECONDS = 10.0  # for the whole request; a run does not wait for anybody
VERSION = 1  # of the message
log = logging.getLogger("tessera.alerts")


def _web(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("expected an address that begins with https:// or http://")
    return url


class Alerts(Strict):
    """Who is notified of a run.

    Attributes:
      webhook: Address that each run posts its verdict on the data to; `None` for nobody. It is
        never logged, for it may hold a secret.
    """

    webhook: Annotated[str, AfterValidator(_web)] | None = None


def message(run: str, dataset: str, recipe: str, verdict: "DataVerdict") -> dict[str, Any]:
    """Returns what is posted.

    Args:
      run: The run's id.
      dataset: What results call the dataset.
      recipe: The recipe's name.
      verdict: The verdict on its data.

    Returns:
      `version`, `run`, `dataset`, `recipe`, `verdict` (`OK`, `WARN` or `FAIL`), `headline`, and
      under `reasons` the failures and warnings, one sentence each.
    """
    from components.data_checks import Severity  # the configuration is read without them
    from components.data_validator.verdict import sentence

    return {"version": VERSION, "run": run, "dataset": dataset, "recipe": recipe,
            "verdict": verdict.verdict, "headline": verdict.headline,
            "reasons": [sentence(one) for severity in (Severity.FAIL, Severity.WARN)
                        for one in verdict.of(severity)]}


def post(url: str, content: dict[str, Any]) -> bool:
    """Posts a message as JSON; whatever goes wrong is logged and costs the run nothing.

    Args:
      url: The webhook.
      content: Plain values.

    Returns:
      Whether it was taken.
    """
    request = urllib.request.Request(
        url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):
            return True
    except Exception as error:  # also what http.client makes of a strange reply
        log.warning("The webhook at %s did not take the verdict (%s).", urlsplit(url).hostname,
                    type(error).__name__)
        return False
