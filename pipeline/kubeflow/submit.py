"""`tessera submit`: a compiled file to a Kubeflow Pipelines server, once or on a schedule."""

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.kubeflow.api import DELAYS_S, Api, NoResponse, Refused
from pipeline.kubeflow.compiled import (
    Compiled,
    cron_of_kubeflow,
    require_account,
    require_name,
    require_root,
)
from schemas import InputError, TesseraError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Submission:
    """What is to run.

    Attributes:
      compiled: The pipeline.
      experiment: The experiment's name or id; one of this name is made where it is missing.
      name: The name of the run or of the recurring run.
      parameters: The run's parameters.
      account: The Kubernetes service account of its pods; the server's own by default.
      root: Where Kubeflow keeps its artifacts; the server's own by default.
    """

    compiled: Compiled
    experiment: str
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    account: str | None = None
    root: str | None = None

    def require_good(self) -> None:
        """Checks what the server would refuse, some of it after it has begun.

        Raises:
          InputError: It would.
        """
        require_name("--experiment", self.experiment)
        require_name("--name", self.name)
        if self.account is not None:
            require_account(self.account)
        if self.root is not None:
            require_root(self.root)

    def body(self, experiment_id: str, mark: str) -> dict[str, Any]:
        """Returns what runs and recurring runs have in common, as the server takes it."""
        config: dict[str, Any] = {"parameters": self.parameters}
        if self.root is not None:
            config["pipeline_root"] = self.root
        account = {} if self.account is None else {"service_account": self.account}
        return dict(display_name=self.name, description=mark, experiment_id=experiment_id,
                    pipeline_spec=self.compiled.spec, runtime_config=config, **account)


class Server:
    """A Kubeflow Pipelines API server."""

    def __init__(self, host: str, namespace: str | None = None, ca_file: Path | None = None,
                 sleep: Callable[[float], None] | None = None) -> None:
        """Connects.

        Args:
          host: The server's URL; who asks is in the environment, see `access.credentials`.
          namespace: The namespace, where the server has several users.
          ca_file: Certificates (PEM) to trust besides the system's.
          sleep: Waits some seconds; tests do not.

        Raises:
          InputError: No Kubeflow Pipelines server responds there or lets us in, or it wants a
            namespace and has none, or the other way round.
        """
        self.api = Api(host, ca_file, sleep or time.sleep)
        several = self._health().get("multi_user")
        if several is True and not namespace:
            raise InputError("namespace-needed",
                             f"{self.api.host} has several users: give yours with --namespace.")
        if namespace and several is False:
            raise InputError("namespace-ignored",
                             f"{self.api.host} has a single user and would ignore --namespace "
                             f"{namespace!r}: leave it out.")
        self._namespace = namespace

    def submit(self, what: Submission) -> str:
        """Starts a run; returns its id.

        Args:
          what: What is to run.

        Raises:
          InputError: A name is none, or the experiment is archived or ambiguous.
          TesseraError: The server refuses it.
        """
        what.require_good()
        return self._made("start the run", "runs", "runs", "run_id", what, {})

    def schedule(self, what: Submission, cron: str) -> str:
        """Starts a recurring run, one at a time and without catching up; returns its id.

        Args:
          what: What is to run; no recurring run of its name may be there.
          cron: When, with five or six fields, see `cron_of_kubeflow`.

        Raises:
          InputError: There is one of this name, or see `submit`.
          TesseraError: The server refuses it.
        """
        what.require_good()
        trigger = {"cron_schedule": {"cron": cron_of_kubeflow(cron)}}
        return self._made("schedule the run", "recurringruns", "recurringRuns", "recurring_run_id",
                          what, {"trigger": trigger, "mode": "ENABLE", "no_catchup": True,
                                 "max_concurrency": "1"}, alone=True)

    def page(self, run_id: str) -> str:
        """Returns the address of a run in the interface."""
        return f"{self.api.host}/#/runs/details/{run_id}"

    def _health(self) -> dict[str, Any]:
        def restarting(error: TesseraError) -> bool:  # a wrong URL need not be tried again
            return isinstance(error, NoResponse) and error.status is not None

        try:
            return self.api.get("say who it is", "healthz", passing=restarting)
        except NoResponse as error:
            raise InputError(
                "kubeflow-not-found",
                f"{error} Check --host; inside a cluster, `kubectl port-forward -n kubeflow "
                "svc/ml-pipeline-ui 8080:80` makes it http://localhost:8080.") from error
        except Refused as error:
            raise InputError("not-kubeflow",
                             f"{self.api.host} is no Kubeflow Pipelines server, or does not let us "
                             f"in. {error}") from error

    def _experiment(self, name: str) -> str:
        """Returns the id of an experiment; makes one that is not there."""
        body = {"display_name": name}
        if self._namespace:
            body["namespace"] = self._namespace
        experiment = self._known_experiment(name)
        if experiment is not None:
            return experiment
        try:
            made = self.api.post("make the experiment", "experiments", body)
            return _id_of(made, "experiment_id", self.api.host)
        except (Refused, NoResponse) as error:
            if isinstance(error, Refused) and error.status != 409:
                raise
            experiment = self._known_experiment(name)  # somebody, or our own lost request, made it
            if experiment is None:
                raise
            return experiment

    def _known_experiment(self, name: str) -> str | None:
        query = {"namespace": self._namespace} if self._namespace else {}
        listed = [e for e in self.api.pages("list experiments", "experiments", "experiments", query)
                  if name in (e.get("display_name"), e.get("experiment_id"))]
        usable = list({e.get("experiment_id"): e for e in listed
                       if e.get("storage_state") != "ARCHIVED"}.values())  # pages may overlap
        if listed and not usable:
            raise InputError("archived-experiment",
                             f"Experiment {name!r} is archived, and its runs are not shown there. "
                             "Restore it in the interface, or give another --experiment.")
        if len(usable) > 1:
            ids = ", ".join(sorted(str(e.get("experiment_id")) for e in usable))
            raise InputError("ambiguous-experiment",
                             f"{len(usable)} experiments are called {name!r}. Give the id of one "
                             f"with --experiment: {ids}.")
        return _id_of(usable[0], "experiment_id", self.api.host) if usable else None

    def _made(self, action: str, path: str, key: str, id_key: str, what: Submission,
              more: dict[str, Any], alone: bool = False) -> str:
        """Posts a run or recurring run; one whose response was lost is looked for."""
        experiment = self._experiment(what.experiment)
        query = {"experiment_id": experiment, "sort_by": "created_at desc"}
        if alone and any(job.get("display_name") == what.name
                         for job in self.api.pages("list recurring runs", path, key, query)):
            raise InputError(
                "duplicate-recurring-run",
                f"Experiment {what.experiment!r} has a recurring run {what.name!r} already, and a "
                "second one would double every run. Delete it in the interface, or give another "
                "--name.")
        mark = f"Submitted by tessera ({uuid.uuid4().hex})."
        try:
            made = self.api.post(action, path, what.body(experiment, mark) | more)
        except NoResponse as error:
            if not error.delivered:
                raise TesseraError("nothing-submitted",
                                   f"{error} Nothing was started; try again.") from error
            self.api.sleep(DELAYS_S[-1])  # what is under way may need a moment
            posted = self._marked(path, key, query, mark)
            if posted is None:
                raise TesseraError(
                    "submission-unclear",
                    f"{error} It is not known whether that went through: look for {what.name!r} "
                    "in the interface before you submit again.") from error
            made = posted
        return _id_of(made, id_key, self.api.host)

    def _marked(self, path: str, key: str, query: dict[str, Any], mark: str) -> dict | None:
        try:
            return next((one for one in self.api.pages("list runs", path, key, query)
                         if mark in one.values()), None)
        except TesseraError:
            return None  # the first error is the one to show


def run_of(word: str) -> str:
    """Returns the id of a run that is given by its id or by its address in the interface.

    Raises:
      InputError: It is neither.
    """
    run = word.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    if not _ID.fullmatch(run):
        raise InputError("bad-run-to-attach",
                         f"--attach is {word!r}: give a run's id, or its address in the interface.")
    return quote(run, safe="")


def _id_of(made: dict[str, Any], key: str, host: str) -> str:
    value = made.get(key)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise TesseraError("kubeflow-response-incomplete",
                           f"{host} responds without a {key} ({value!r}): it is not known whether "
                           "that went through. Look in the interface before you submit again.")
    return value
