import errno
import signal
import subprocess
import sys

import pytest
from refusals import refuses

from pipeline.kubeflow.plan import load_plan, run_folder
from pipeline.kubeflow.run_node import run_step
from pipeline.nodes import NodeError, raise_failure
from pipeline.root import machine_faults_typed
from schemas import DataAnomalyError, InputError, TesseraError


def raiser(error):
    def work():
        try:
            raise error
        except type(error) as cause:
            raise RuntimeError("TFX wraps it") from cause
    return work


@pytest.mark.parametrize(("error", "code"), [
    (InputError("no-folder", "no such folder"), 2),
    (DataAnomalyError("odd-data", "strange data"), 3), (TesseraError("sad", "sorry"), 1)])
def test_our_errors_keep_their_code_behind_tfxs(capfd, error, code):
    assert run_step("Trainer", raiser(error)) == code
    message = capfd.readouterr().err
    assert message == f"tessera: Trainer failed: error[{error.code}]: {error}\n"


def test_other_errors_show_where_they_came_from(capfd):
    assert run_step("Trainer", raiser(ValueError("odd"))) == 1
    message = capfd.readouterr().err
    assert "Traceback" in message and message.endswith(
        "tessera: Trainer failed: RuntimeError: TFX wraps it\n")


@pytest.mark.parametrize(("error", "code", "message"), [
    (OSError(errno.ENOSPC, "No space left on device", "/tessera/x"), 1, "No space left on device"),
    (OSError(errno.ENOSPC, None), 1, "No space left on device"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), 1, "Disk quota exceeded"),
    (RuntimeError("RESOURCE_EXHAUSTED: /x; No space left on device"), 1, "No space left on device"),
    (PermissionError(errno.EACCES, "Permission denied"), 2, "Cannot write files: Permission den"),
    (RuntimeError("/x/y; Read-only file system"), 2, "Cannot write files: Read-only file system"),
    (MemoryError(), 1, "ran out of memory"),
    (RuntimeError("OOM when allocating tensor with shape[9999,9999]"), 1, "ran out of memory"),
])
def test_what_the_machine_lacks_ends_a_step_as_it_ends_a_run(capfd, tmp_path, error, code, message):
    assert run_step("Trainer", raiser(error), tmp_path) == code
    step = capfd.readouterr().err
    assert message in step and step.count("\n") == 1 and "None" not in step
    failure = NodeError("Trainer")
    failure.__cause__ = error
    with pytest.raises(TesseraError) as caught:
        raise_failure(failure, tmp_path / "error.log", tmp_path)
    assert caught.value.exit_code == code and message in str(caught.value)
    with pytest.raises(TesseraError) as caught, machine_faults_typed(tmp_path):
        raise error
    assert caught.value.exit_code == code and message in str(caught.value)


def test_a_step_that_is_told_to_stop_says_so():
    script = ("from pipeline.kubeflow.run_node import run_step; import signal\n"
              "def work():\n    print('ready', flush=True); signal.pause()\n"
              "raise SystemExit(run_step('Trainer', work))")
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.startswith("tessera: Trainer was stopped by SIGTERM")
    assert "Traceback" not in errors


@pytest.mark.parametrize("run_id", ["", "..", "a/b"])
def test_a_run_id_that_leads_elsewhere(tmp_path, run_id):
    with refuses("bad-run-id"):
        run_folder(tmp_path, run_id)


def test_a_plan_that_is_not_there_or_broken(tmp_path):
    with refuses("no-plan", "pipeline.pb", "ReadWriteMany"):
        load_plan(tmp_path, "run-1")
    path = run_folder(tmp_path, "run-1") / "pipeline.pb"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xff\xff")
    with refuses("unreadable-plan", "pipeline.pb"):
        load_plan(tmp_path, "run-1")
