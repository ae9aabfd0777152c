"""Ctrl-C and a full disk, for real: the exit code, the one message, and that a rerun completes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
INTERRUPTED = "tessera: Interrupted. What is finished is kept; the same command goes on there."


def stopped_runs(folder: Path, *options: str, before: tuple[str, ...] = ()) -> list[dict]:
    done = subprocess.run(
        [*before, sys.executable, str(_TESTS / "stopped_runs.py"), str(folder), *options],
        text=True, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS.parent), str(_TESTS)])})
    assert done.returncode == 0, done.stdout[-3000:]
    lines = (folder / "stopped.jsonl").read_text(encoding="utf-8").splitlines()
    return list(map(json.loads, lines))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    return stopped_runs(tmp_path_factory.mktemp("interrupted"))


@pytest.mark.slow
def test_ctrl_c_is_one_line_and_leaves_no_process(interrupted):
    *runs, whole = interrupted
    assert [run["what"] for run in runs] == [
        "interrupt_catalog", "interrupt_training", "interrupt_serving"]
    for run in runs:
        assert run["status"] == 130, run
        assert [line for line in run["output"].splitlines()
                if not line.endswith(" s")] == [INTERRUPTED], run
        assert not run["left"], run
    assert (whole["status"], whole["left"]) == (0, False), whole
    assert "Blessed and pushed" in whole["output"]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Runs on a small tmpfs that only they see; or a skip where nobody may mount one."""
    unshare = shutil.which("unshare")
    for before in ([unshare, "--mount"], [unshare, "--user", "--map-root-user", "--mount"]):
        tried = unshare and subprocess.run(
            [*before, "mount", "-t", "tmpfs", "tessera-test",
             str(tmp_path_factory.mktemp("mount"))], capture_output=True, check=False)
        if tried and not tried.returncode:
            return stopped_runs(tmp_path_factory.mktemp("full"), "--own-disk",
                                before=tuple(map(str, before)))
    pytest.skip("This user may not mount a small disk, neither as root nor by `unshare --user`.")


@pytest.mark.slow
def test_a_full_disk_is_one_message_and_a_rerun_with_space_completes(full):
    *runs, whole = full
    failed = [run for run in runs if run["status"]]
    assert len(failed) > 1
    for run in failed:
        lines = run["output"].splitlines()
        assert run["status"] == 1, run
        (message,) = (line for line in lines if line.startswith("tessera: "))
        assert "could not write its results: " in message and "Make room and run" in message
        assert "Traceback" not in run["output"], run
    assert whole["status"] == 0, whole
    assert " cached " in whole["output"] and "Blessed and pushed" in whole["output"]
