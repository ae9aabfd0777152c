"""`tessera submit`: a compiled file to a Kubeflow Pipelines server, and what becomes of the run."""

import contextlib
import io
import json
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from schemas import InputError, TesseraError

TOKEN_VARIABLE = "TESSERA_KFP_TOKEN"
_TIMEOUT_S = 10.0
_GOOD, _BAD = "SUCCEEDED", ("FAILED", "CANCELED", "SKIPPED")


class Server:
    """A Kubeflow Pipelines API server."""

    def __init__(self, host: str, namespace: str | None = None) -> None:
        """Connects.

        Args:
          host: The server's URL; its token, where it wants one, is in `TESSERA_KFP_TOKEN`.
          namespace: The namespace, where the server has several users.

        Raises:
          InputError: No Kubeflow Pipelines server answers there.
        """
        if not host.startswith(("http://", "https://")):
            raise InputError(f"--host is {host!r}: give a URL, such as http://localhost:8080.")
        self.host, self._namespace = host.rstrip("/"), namespace
        token = os.environ.get(TOKEN_VARIABLE)
        _require_server(self.host, token)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from kfp import client

            self._client = client.Client(
                host=self.host, existing_token=token, namespace=namespace or "kubeflow")

    def submit(self, file: Path, experiment: str, name: str, parameters: dict[str, Any]) -> str:
        """Starts a run; returns its id.

        Args:
          file: The compiled file.
          experiment: The experiment, made where it is missing.
          name: The run's name in the interface.
          parameters: The run's parameters.

        Raises:
          TesseraError: The server refuses it.
        """
        def start() -> str:
            made = self._experiment(experiment)
            run = self._client.run_pipeline(made, name, pipeline_package_path=str(file),
                                            params=parameters)
            return run.run_id

        return self._asked("start the run", start)

    def schedule(self, file: Path, experiment: str, name: str, parameters: dict[str, Any],
                 cron: str) -> str:
        """Starts a recurring run, one at a time and without catching up; returns its id.

        Args:
          file: The compiled file.
          experiment: The experiment, made where it is missing.
          name: The recurring run's name; none of this name may exist.
          parameters: Each run's parameters.
          cron: When, with five or six fields, see `cron_of_kubeflow`.

        Raises:
          InputError: There is one of this name.
          TesseraError: The server refuses it.
        """
        def start() -> str:
            made = self._experiment(experiment)
            listed = self._client.list_recurring_runs(
                experiment_id=made, page_size=100).recurring_runs or []
            if any(job.display_name == name for job in listed):
                raise InputError(
                    f"Experiment {experiment!r} has a recurring run {name!r} already, and a second "
                    "one would double every run. Delete it in the interface, or give another "
                    "--name.")
            job = self._client.create_recurring_run(
                made, name, cron_expression=cron_of_kubeflow(cron), max_concurrency=1,
                no_catchup=True, params=parameters, pipeline_package_path=str(file))
            return job.recurring_run_id

        return self._asked("schedule the run", start)

    def wait(self, run_id: str, say: Callable[[str], None], every_s: float = 5.0) -> None:
        """Tells each change of each step until the run ends.

        Args:
          run_id: The run.
          say: Takes a line.
          every_s: Seconds between two looks.

        Raises:
          TesseraError: The run did not succeed; the message names the steps that failed.
        """
        told: dict[str, str] = {}
        while True:
            run = self._asked("look at the run", lambda: self._client.get_run(run_id))
            tasks = _steps_of(run)
            for task in tasks:
                if told.get(task.task_id) != task.state:
                    told[task.task_id] = task.state
                    say(f"{task.display_name:<40} {task.state.lower()}")
            if run.state == _GOOD:
                return
            if run.state in _BAD:
                raise TesseraError(_outcome(run, tasks, self.page(run_id)))
            time.sleep(every_s)

    def page(self, run_id: str) -> str:
        """Returns the address of a run in the interface."""
        return f"{self.host}/#/runs/details/{run_id}"

    def _experiment(self, name: str) -> str:
        return self._client.create_experiment(name, namespace=self._namespace).experiment_id

    def _asked(self, what: str, ask: Callable[[], Any]) -> Any:
        """Asks the server; its refusals become one message."""
        import kfp_server_api
        import urllib3

        try:
            with contextlib.redirect_stdout(io.StringIO()):  # kfp prints links of its own
                return ask()
        except kfp_server_api.ApiException as error:
            raise TesseraError(f"{self.host} refuses to {what}: {error.status} "
                               f"{_reason(error.body) or error.reason}.{_hint(error.status)}"
                               ) from error
        except urllib3.exceptions.HTTPError as error:
            raise TesseraError(f"{self.host} broke off as it was to {what}: {error}. The run goes "
                               "on without us; look at it in the interface.") from error


def cron_of_kubeflow(cron: str) -> str:
    """Returns a cron expression as Kubeflow reads it: with seconds first.

    Of five fields, Kubeflow would take the first for seconds, so that "0 3 * * *" ran at three
    minutes past every hour.

    Args:
      cron: Five fields (minute, hour, day, month, weekday), or six with seconds before them.

    Raises:
      InputError: It has another number of fields, or strange ones.
    """
    fields = cron.split()
    good = all(set(field.upper()) <= set("0123456789*/,-?ABCDEFGHIJKLMNOPQRSTUVWXYZ")
               for field in fields)
    if len(fields) not in (5, 6) or not good:
        raise InputError(f"--schedule is {cron!r}: give five fields, minute hour day month "
                         "weekday, such as '0 3 * * *' for three o'clock (UTC) every day.")
    return " ".join(fields if len(fields) == 6 else ["0", *fields])


def run_parameters(file: Path, given: list[str]) -> dict[str, Any]:
    """Reads `key=value` words against the parameters that a compiled file declares.

    Args:
      file: The compiled file.
      given: The words.

    Returns:
      The values, of the declared types.

    Raises:
      InputError: The file cannot be read, or a word fits no parameter.
    """
    import yaml

    try:
        spec = next(yaml.safe_load_all(file.read_text(encoding="utf-8")))
        known = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    except FileNotFoundError as error:
        raise InputError(f"{file} does not exist. Run `tessera compile -o {file}` first."
                         ) from error
    except (OSError, yaml.YAMLError, KeyError, TypeError, StopIteration) as error:
        raise InputError(f"{file} is no compiled pipeline. Run `tessera compile -o {file}`."
                         ) from error
    values: dict[str, Any] = {}
    for word in given:
        key, equals, text = word.partition("=")
        if not equals or key not in known:
            raise InputError(f"--set {word!r}: give key=value with one of: "
                             f"{', '.join(sorted(known))}.")
        kind = known[key]["parameterType"]
        convert = {"NUMBER_INTEGER": int, "NUMBER_DOUBLE": float}.get(kind, str)
        try:
            values[key] = convert(text)
        except ValueError as error:
            raise InputError(f"--set {word!r}: {key} is a number ({kind}).") from error
    return values


def _require_server(host: str, token: str | None) -> None:
    """kfp's client says nothing of use where nobody answers, and may try for minutes."""
    import urllib3

    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        answer = urllib3.PoolManager().request(
            "GET", f"{host}/apis/v2beta1/healthz", headers=headers, timeout=_TIMEOUT_S,
            retries=False)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise InputError(f"Nobody answers at {host}: {error}. Check --host; inside a cluster, "
                         "`kubectl port-forward -n kubeflow svc/ml-pipeline-ui 8080:80` makes it "
                         "http://localhost:8080.") from error
    if answer.status >= 400:
        raise InputError(f"{host} is no Kubeflow Pipelines server, or does not let us in: HTTP "
                         f"{answer.status}.{_hint(answer.status)}")


def _steps_of(run: Any) -> list[Any]:
    """Returns the run's own steps in the order in which they began.

    Kubeflow lists its drivers and the whole graph among them.
    """
    details = (run.run_details and run.run_details.task_details) or []
    steps = [t for t in details if t.state and t.display_name and
             not t.display_name.endswith("-driver") and t.display_name not in ("root", "executor")]
    return sorted(steps, key=lambda t: (t.start_time is None, str(t.start_time), t.display_name))


def _outcome(run: Any, tasks: list[Any], page: str) -> str:
    lines = [f"{t.display_name}{f' ({t.error.message})' if t.error and t.error.message else ''}"
             for t in tasks if t.state == "FAILED"]
    why = f": {run.error.message}" if run.error and run.error.message else ""
    where = f" in {', '.join(lines)}" if lines else ""
    return (f"The run {run.state.lower()}{where}{why}. The last line of the step's log says why: "
            f"{page}. A new run goes on from the finished steps.")


def _reason(body: Any) -> str:
    try:
        return str(json.loads(body).get("error", ""))
    except (TypeError, ValueError, AttributeError):
        return ""


def _hint(status: int | None) -> str:
    if status in (401, 403):
        return f" Put a token into the environment variable {TOKEN_VARIABLE}."
    return ""
