"""The command `tessera submit`."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.console import open_console, say
from schemas.errors import InputError

if TYPE_CHECKING:
    from pipeline.kubeflow.submit import Server, Submission

console = open_console()


def submit(
    host: Annotated[str, typer.Option(help="URL of the Kubeflow Pipelines server.")],
    file: Annotated[Path, typer.Option(help="The compiled pipeline.")] = Path("pipeline.yaml"),
    experiment: Annotated[str, typer.Option(help="Kubeflow's folder of runs, or its id.")] =
        "tessera",
    name: Annotated[str | None, typer.Option(help="The run's name.")] = None,
    parameters: Annotated[list[str] | None, typer.Option(
        "--set", help="key=value: data_dir, recipe, max_epochs or learning_rate.")] = None,
    schedule: Annotated[str | None, typer.Option(
        help="Run again and again: minute hour day month weekday, in UTC.")] = None,
    wait: Annotated[bool, typer.Option(help="Show each step; the exit code is the outcome.")] =
        False,
    attach: Annotated[str | None, typer.Option(
        help="Start nothing: wait for this run, by its id or address.")] = None,
    namespace: Annotated[str | None, typer.Option(help="Where the server has several users.")] =
        None,
    ca_file: Annotated[Path | None, typer.Option(
        help="Certificates (PEM) to trust besides the system's.")] = None,
    service_account: Annotated[str | None, typer.Option(
        help="Kubernetes service account of the run's pods; else the file's.")] = None,
    pipeline_root: Annotated[str | None, typer.Option(
        help="URI of Kubeflow's own artifacts, such as minio://bucket/folder.")] = None,
) -> None:
    """Start a compiled pipeline on a cluster, once or on a schedule, or wait for a run."""
    from pipeline.kubeflow.compiled import cron_of_kubeflow
    from pipeline.kubeflow.submit import Server, run_of

    if schedule is not None and wait:
        raise InputError("wait-with-schedule",
                         "--wait is for one run: leave it out with --schedule.")
    if attach is not None:
        if name or parameters or schedule is not None or service_account or pipeline_root:
            raise InputError("attach-with-submission",
                             "--attach waits for a run that is there: leave out --name, --set, "
                             "--schedule, --service-account and --pipeline-root.")
        run_id = run_of(attach)
        _wait(Server(host, namespace, ca_file), run_id)
        return
    what = _submission(file, experiment, name, parameters or [], service_account, pipeline_root)
    if schedule is not None:
        cron_of_kubeflow(schedule)
    server = Server(host, namespace, ca_file)
    with _uncertain_if_interrupted(what.name):
        if schedule is not None:
            say(console, f"Scheduled: {server.schedule(what, schedule)}")
            return
        run_id = server.submit(what)
    say(console, f"Started: {server.page(run_id)}")
    if wait:
        _wait(server, run_id, what.compiled.spec)


def _submission(file: Path, experiment: str, name: str | None, parameters: list[str],
                account: str | None, pipeline_root: str | None) -> "Submission":
    from pipeline.kubeflow.compiled import read_compiled, run_parameters
    from pipeline.kubeflow.submit import Submission

    compiled = read_compiled(file)
    what = Submission(compiled, experiment, file.stem if name is None else name,
                      run_parameters(compiled, parameters),
                      compiled.account if account is None else account, pipeline_root)
    what.require_good()
    return what


@contextmanager
def _uncertain_if_interrupted(name: str) -> Iterator[None]:
    """Says of an interrupt that the server may have done what it was asked for."""
    from pipeline.kubeflow.waiting import InterruptedWaitError

    try:
        yield
    except KeyboardInterrupt as error:
        raise InterruptedWaitError(
            "submission-interrupted",
            f"Interrupted. It is not known whether that went through: look for {name!r} in the "
            "interface before you submit again.") from error


def _wait(server: "Server", run_id: str, spec: dict[str, Any] | None = None) -> None:
    from pipeline.kubeflow.waiting import Wait

    Wait(server.api, run_id, server.page(run_id), partial(say, console), spec).until_end()
    say(console, "The run succeeded.")
