"""Two steps at once: who gets which, what ends them, and that nothing else differs."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import psutil
import pytest
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration.portable import runtime_parameter_utils
from tiny_steps import After, Meet, Note
from worlds.pipelines import carried_out, small_pipeline

from components.server_validator import validation
from pipeline.beside import Order, Process, Trace, work_through
from pipeline.launch_node import Lane, launch_node, outputs_of
from schemas import InputError, TesseraError
from schemas.errors import disk_fault

SECONDS = 60  # until what should come has not come


class NoProcess:
    """A second lane whose steps run in this process."""

    closed = 0

    def loaded(self):
        return True

    def close(self):
        self.closed += 1


def taken(order: Order, lane: int) -> str | None:
    """What a lane gets, or `"waits"` where it would wait."""
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.append(order.take(lane)), daemon=True)
    thread.start()
    thread.join(0.2)
    return got[0] if got else "waits"


def test_one_lane_follows_the_pipeline():
    order = Order({"a": [], "b": ["a"], "c": [], "d": ["b", "another run's"]})
    assert [order.take(0) for _ in range(5)] == ["a", "b", "c", "d", None]


def test_the_second_lane_takes_what_does_not_wait_for_the_first():
    order = Order({"a": [], "b": ["a"], "c": [], "d": ["b", "c"]})
    assert order.take(0) == "a" and order.take(1) == "c"
    assert order.take(0) == "b" and taken(order, 1) == "waits"


def test_the_second_lane_takes_nothing_while_the_first_has_nothing():
    assert taken(Order({"a": []}), 1) == "waits"


def test_a_step_of_the_first_lane_waits_for_it():
    order = Order({"a": [], "timed": [], "b": []}, ["timed"])
    assert order.take(0) == "a" and order.take(1) == "b"
    assert taken(order, 1) == "waits" and order.take(0) == "timed"


def test_quiet_waits_for_the_step_beside_and_holds_the_next_one_back():
    order, entered, leave = Order({"a": [], "b": [], "c": []}), threading.Event(), threading.Event()

    def measure():
        with order.quiet():
            entered.set()
            leave.wait(SECONDS)

    assert order.take(0) == "a" and order.take(1) == "b"
    thread = threading.Thread(target=measure)
    thread.start()
    assert not entered.wait(0.2)
    second: list[str | None] = []
    taking = threading.Thread(target=lambda: second.append(order.take(1)))
    taking.start()
    assert entered.wait(SECONDS) and not second
    leave.set()
    for one in (thread, taking):
        one.join(SECONDS)
    assert second == ["c"]


@pytest.mark.parametrize("two", [False, True])
def test_who_times_responses_has_the_quiet_of_its_run(two):
    found = []
    work_through(Order({"a": []}), lambda name, lane: found.append(validation.quiet),
                 NoProcess() if two else None)
    assert (found != [nullcontext]) == two and validation.quiet is nullcontext


def test_both_lanes_end_when_all_steps_have():
    order = Order({"a": []})
    assert order.take(0) == "a"
    second: list[str | None] = []
    thread = threading.Thread(target=lambda: second.append(order.take(1)))
    thread.start()
    assert order.take(0) is None
    thread.join(SECONDS)
    assert second == [None]


@pytest.mark.parametrize("fails_in", [0, 1])
def test_after_a_failure_the_step_beside_it_ends_and_no_other_begins(fails_in):
    both, ran, second = threading.Barrier(2), [], NoProcess()

    def run(name, lane):
        both.wait(SECONDS)
        if lane == fails_in:
            raise ValueError(name)
        ran.append(name)

    with pytest.raises(ValueError, match=["a", "b"][fails_in]):
        work_through(Order({"a": [], "b": [], "c": ["a", "b"]}), run, second)
    assert ran == [["b", "a"][fails_in]] and second.closed == 1


def test_without_its_process_the_second_lane_has_no_step():
    ran = []

    class Lost(NoProcess):
        def loaded(self):
            return False

    work_through(Order({"a": [], "b": [], "c": ["b"]}), lambda name, lane: ran.append((name, lane)),
                 Lost())
    assert ran == [("a", 0), ("b", 0), ("c", 0)]


def test_a_process_that_is_not_needed_is_not_waited_for():
    process = Process()
    work_through(Order({"a": []}), lambda name, lane: None, process)
    assert process._started is None and not process.loaded()


def test_a_signal_ends_the_step_of_the_other_process():
    beside, ended = threading.Event(), threading.Event()

    class Second(NoProcess):
        def close(self):
            super().close()
            ended.set()

    def run(name, lane):
        if lane == 0:
            beside.wait(SECONDS)
            raise KeyboardInterrupt
        beside.set()
        assert ended.wait(SECONDS)

    second = Second()
    with pytest.raises(KeyboardInterrupt):
        work_through(Order({"a": [], "b": []}), run, second)
    assert second.closed == 1


@pytest.fixture
def carry_out(tmp_path):
    """Runs steps on two lanes; returns what became of each."""
    runs = count()

    def carry_out(*steps, second: Process | None = None):
        return carried_out(small_pipeline(tmp_path, *steps), f"run-{next(runs)}", second)

    return carry_out


def process_of(node) -> int:
    return int(Path(node.outputs["note"], "process").read_text())


def test_two_steps_run_at_once_in_two_processes_and_then_come_from_the_cache(carry_out, tmp_path):
    pipes = [str(tmp_path / name) for name in ("one", "other")]
    for pipe in pipes:
        os.mkfifo(pipe)

    def steps():
        first, other = (Meet(own=own, others=others).with_id(name) for name, own, others in (
            ("First", *pipes), ("Other", *reversed(pipes))))
        return first, other, After(first=other.outputs["note"])

    ended = carry_out(*steps(), second=Process())
    processes = {name: process_of(node) for name, node in ended.items()}
    assert os.getpid() in processes.values()
    assert processes["First"] != processes["Other"] == processes["After"]
    again = carry_out(*steps(), second=Process())
    assert [node.cached for node in again.values()] == [True] * 3
    assert {name: process_of(node) for name, node in again.items()} == processes


@pytest.fixture(scope="module")
def second():
    """A process that has loaded what steps need."""
    process = Process()
    process.start()
    yield process
    process.close()


@pytest.fixture
def launch(tmp_path):
    """Launches a step whose executor runs in another process."""
    def launch(step, process: Process):
        pipe = small_pipeline(tmp_path, step)
        ir, connection = compiler.Compiler().compile(pipe), pipe.metadata_connection_config
        runtime_parameter_utils.substitute_runtime_parameter(
            ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: "run"})
        number = launch_node(ir, ir.nodes[0].pipeline_node, connection,
                             lane=Lane(elsewhere=process.run))
        with metadata.Metadata(connection) as handle:
            (execution,) = handle.store.get_executions_by_id([number])
            return dict(outputs_of(handle.store, execution))

    return launch


def test_what_an_executor_says_of_its_outputs_arrives(launch, second):
    note = launch(Note(), second)["note"]
    assert note.custom_properties["told"].string_value == "yes"
    assert int(Path(note.uri, "process").read_text()) != os.getpid()


@pytest.mark.parametrize("fault", ["ours", "disk", "odd"])
def test_an_error_of_the_other_process_is_the_step_s_own(launch, second, fault):
    with pytest.raises(Exception, match="") as caught:
        launch(Note(fault=fault), second)
    error = caught.value
    assert isinstance(error.__cause__, Trace) and "tiny_steps" in str(error.__cause__)
    if fault == "ours":
        assert isinstance(error, InputError) and error.code == "bad-toy"
    elif fault == "disk":
        assert isinstance(error, OSError) and disk_fault(error)
    else:
        assert type(error).__name__ == "OddError" and str(error) == "dust in the gears"


def test_a_process_that_ends_is_an_error_and_not_for_ever(launch):
    process = Process()
    try:
        with pytest.raises(TesseraError) as caught:
            launch(Note(fault="end"), process)
        assert caught.value.code == "step-process-ended"
    finally:
        process.close()


def test_a_killed_run_takes_the_other_process_along():
    program = ("from pipeline.beside import Process\n"
               "process = Process()\n"
               "process.start()\n"
               "print(process._started.pid, flush=True)\n"
               "input()")
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, env=os.environ | {
                              "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}) as run:
        other = psutil.Process(int(run.stdout.readline()))
        run.send_signal(signal.SIGKILL)
    other.wait(SECONDS)
