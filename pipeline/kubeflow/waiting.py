"""What becomes of a run: each step's changes until it ends, whatever the server does meanwhile."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from pipeline.kubeflow.api import Api, NoResponse, Refused, one_line
from pipeline.kubeflow.compiled import task_names
from schemas import InputError, TesseraError

_GOOD, _BAD = "SUCCEEDED", ("FAILED", "CANCELED", "SKIPPED")
_USUAL = ("PENDING", "RUNNING", _GOOD, *_BAD)
_EVERY_S = 5.0
# About ten minutes: an API server that restarts, a token that the kubelet renews.
_PATIENCE_S = (1.0, 2.0, 4.0, 8.0, 15.0, *(30.0 for _ in range(19)))


class LostSightError(TesseraError):
    """The run goes on, but we do not see it any more."""

    exit_code = 5


class InterruptedWaitError(TesseraError):
    """Ctrl-C; the server goes on."""

    exit_code = 130


class Wait:
    """Waits for a run."""

    def __init__(self, api: Api, run_id: str, page: str, say: Callable[[str], None],
                 spec: dict[str, Any] | None = None) -> None:
        """Prepares.

        Args:
          api: The server.
          run_id: The run.
          page: Its address in the interface.
          say: Takes a line.
          spec: The pipeline that was just submitted; `None` for a run that is said to be there.
        """
        self._api, self._id, self._page, self._say = api, run_id, page, say
        self._spec, self._silent = spec, False
        self._seen = spec is not None

    def until_end(self) -> None:
        """Prints each change of each step until the run ends.

        Raises:
          InputError: There is no such run.
          LostSightError: The server gave no response for about ten minutes, or the user's time here
            is over; the run goes on.
          TesseraError: The run did not succeed; the message names the steps that failed.
        """
        states: dict[str, str] = {}
        waited = 0.0  # without a word about the run's state
        try:
            while True:
                run = self._look()
                state = run.get("state")
                waited = 0.0 if isinstance(state, str) else waited + _EVERY_S
                if waited > sum(_PATIENCE_S):
                    raise LostSightError("run-without-state",
                                         f"{self._api.host} does not say how the run is. "
                                         f"{self._goes_on()}")
                if isinstance(state, str) and state not in _USUAL and states.get("") != state:
                    states[""] = state  # paused, or being cancelled
                    self._say(f"The run is {one_line(state).lower()}.")
                steps, inner = self._steps(run)
                for step in steps:
                    name, now = step["display_name"], step["state"]
                    if states.get(name) != now:
                        states[name] = now
                        self._say(f"{one_line(name):<40} {one_line(now).lower()}")
                if state == _GOOD:
                    return
                if state in _BAD:
                    raise TesseraError("run-failed", self._outcome(run, steps, inner))
                self._api.sleep(_EVERY_S)
        except KeyboardInterrupt as error:
            raise InterruptedWaitError("wait-interrupted",
                                       f"Interrupted. {self._goes_on()}") from error

    def _look(self) -> dict[str, Any]:
        try:
            # Newer servers leave the tasks out unless asked for them; older ones ignore the word.
            run = self._api.get("look at the run", f"runs/{self._id}", {"view": "FULL"},
                                delays=_PATIENCE_S, passing=self._passing)
        except TesseraError as error:
            if isinstance(error, Refused) and (error.status == 404 or not self._seen):
                raise InputError("no-run-to-wait-for",
                                 f"There is no run {self._id} to wait for. {error}") from error
            raise LostSightError("lost-sight", f"{error} {self._goes_on()}") from error
        self._seen = True
        if self._silent:
            self._silent = False
            self._say("The server responds again.")
        return run

    def _passing(self, error: TesseraError) -> bool:
        """Whether to look again: a session ends, a server restarts, and the run goes on.

        A token's file may be missing for a moment, as a certificate may be out of date.
        """
        locked = isinstance(error, InputError) or (
            isinstance(error, Refused) and error.logged_out)
        passing = isinstance(error, NoResponse) or (locked and self._seen)
        if passing and not self._silent:
            self._silent = True
            self._say(f"{error} The run goes on; tried again for {sum(_PATIENCE_S) / 60:.0f} "
                      "minutes.")
        return passing

    def _goes_on(self) -> str:
        return (f"The run goes on: {self._page}. `tessera submit --host {self._api.host} --attach "
                f"{self._id}` waits for it again.")

    def _steps(self, run: dict[str, Any]) -> tuple[list[dict], list[dict]]:
        """Returns the run's own steps in the order in which they began, and Kubeflow's inner ones.

        Kubeflow lists the workflow, drivers, executors and each attempt of one among them.
        """
        details = run.get("run_details")
        listed = (details.get("task_details") if isinstance(details, dict) else None) or []
        tasks = [t for t in listed if isinstance(t, dict) and isinstance(t.get("state"), str)
                 and isinstance(t.get("display_name"), str) and t["display_name"]]
        if self._spec is None:
            self._spec = self._spec_of(run)
        names, inner = task_names(self._spec), _inner(self._spec)
        known = any(t["display_name"] in names for t in tasks)
        own = [t for t in tasks if (t["display_name"] in names if known
                                    else not inner.fullmatch(t["display_name"]))]
        begun = sorted(own, key=lambda t: (not t.get("start_time"), str(t.get("start_time")),
                                           t["display_name"]))
        latest = {t["display_name"]: t for t in begun}  # a step that was retried is there twice
        return list(latest.values()), [t for t in tasks if t not in own]

    def _spec_of(self, run: dict[str, Any]) -> dict[str, Any]:
        """Returns the pipeline of a run; one that was uploaded is named by its version."""
        spec, version = run.get("pipeline_spec"), run.get("pipeline_version_reference")
        if not isinstance(spec, dict) and isinstance(version, dict):
            ids = [quote(str(version.get(key)), safe="")
                   for key in ("pipeline_id", "pipeline_version_id")]
            try:
                spec = self._api.get("look at the pipeline",
                                     f"pipelines/{ids[0]}/versions/{ids[1]}").get("pipeline_spec")
            except TesseraError:
                spec = None  # its steps are known by their names then
        return spec if isinstance(spec, dict) else {}

    def _outcome(self, run: dict[str, Any], steps: list[dict], inner: list[dict]) -> str:
        failed = [(one_line(t["display_name"]), _reason(t))
                  for t in steps if t["state"] == "FAILED"]
        lines = [f"{name}{f' ({reason})' if reason else ''}" for name, reason in failed]
        reasons = [_reason(run)] if _reason(run) else []
        if not any(reason for _, reason in failed):
            reasons += [r for t in inner if t["state"] == "FAILED" and (r := _reason(t))]
        where = f" in {', '.join(lines)}" if lines else ""
        why = f": {'; '.join(dict.fromkeys(reasons))}".rstrip(".") if reasons else ""
        return (f"The run {run['state'].lower()}{where}{why}. The last line of the step's log says "
                f"why: {self._page}. A new run goes on from the finished steps.")


def _inner(spec: dict[str, Any]) -> re.Pattern[str]:
    """Matches Kubeflow's own tasks, where it is not known which ones are the pipeline's.

    They are drivers, executors, each attempt of one, and the workflow: the pipeline's name and five
    characters, of which Kubernetes takes no vowels.
    """
    inner = spec.get("pipeline_spec", spec)
    info = inner.get("pipelineInfo") if isinstance(inner, dict) else None
    name = info.get("name") if isinstance(info, dict) else None
    workflow = (f"{re.escape(name)}-[a-z0-9]{{5}}" if isinstance(name, str)
                else ".+-[bcdfghjklmnpqrstvwxz2456789]{5}")
    return re.compile(rf"root|executor|.*-driver|.*\([0-9]+\)|{workflow}")


def _reason(one: dict[str, Any]) -> str:
    """Returns the message of a task's or a run's error."""
    error = one.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    return one_line(message) if isinstance(message, str) else ""
