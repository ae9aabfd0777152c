import sys
import threading

import apache_beam as beam
import grpc
import pytest
from refusals import refuses
from tfx.dsl.components.base import base_beam_executor
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import executable_spec_pb2

from pipeline.beam.operator import Operator, job_fault, show_thread_end
from pipeline.config import load_config
from pipeline.launch_node import _without_beam
from schemas import DataAnomalyError, InputError, TesseraError, read_spec
from trainer.recipe import bind

# As in worker processes: nothing but the text of a trace comes back.
APART = ["--direct_running_mode=multi_threading", "--direct_num_workers=2"]


class Broken(base_beam_executor.BaseBeamExecutor):
    """Raises in a worker what the step is given."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        def fail(_):
            raise exec_properties["error"]

        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | beam.Create([1]) | "Work" >> beam.Map(fail)


class Misled(base_beam_executor.BaseBeamExecutor):
    """Raises in a worker that does not have this module."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | beam.Create(["nowhere"]) | "Work" >> beam.Map(read_spec)


class Importing(base_beam_executor.BaseBeamExecutor):
    """Imports a module of the project in a worker."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | beam.Create(["from schemas import Feature"]) | "Work" >> beam.Map(exec)


def run(error: Exception | None, arguments: list[str], tmp_path, executor=Broken) -> None:
    spec = executable_spec_pb2.BeamExecutableSpec()
    spec.python_executor_spec.class_path = f"{Broken.__module__}.{Broken.__qualname__}"
    info = data_types.ExecutionInfo(
        execution_id=1, input_dict={}, output_dict={}, exec_properties={"error": error},
        execution_output_uri=str(tmp_path / "output"), tmp_dir=str(tmp_path),
        stateful_working_dir=str(tmp_path), pipeline_node=None, pipeline_info=None)
    operator = Operator(arguments, spec)
    operator._executor_cls = executor
    operator.run_executor(info)


COLUMN = InputError("no-column", "There is no column 'Größe'.\nAdd it: {\"a\": 1}.")


@pytest.mark.parametrize(("error", "arguments"), [
    (COLUMN, []), (COLUMN, APART), (DataAnomalyError("too-many", "x" * 5000), APART),
    (TesseraError("odd", ""), APART)], ids=["here", "apart", "long", "empty"])
def test_our_error_in_a_worker_is_the_error_of_the_step(error, arguments, tmp_path):
    with pytest.raises(type(error)) as caught:
        run(error, arguments, tmp_path)
    assert type(caught.value) is type(error)
    assert (caught.value.line, caught.value.exit_code) == (error.line, error.exit_code)


@pytest.mark.parametrize("mode", ["in_memory", "multi_processing"])
def test_no_trace_of_a_worker_is_shown_beside_the_error(mode, tmp_path, capfd):
    with refuses("unknown-schema"):
        run(None, [f"--direct_running_mode={mode}"], tmp_path, Misled)
    print("heard", file=sys.stderr)
    assert capfd.readouterr().err == "heard\n"


def test_a_folder_of_the_user_is_no_package_of_a_worker(tmp_path, monkeypatch):
    (tmp_path / "schemas").mkdir()
    monkeypatch.chdir(tmp_path)
    run(None, ["--direct_running_mode=multi_processing"], tmp_path, Importing)


def test_another_error_stays_what_beam_makes_of_it(tmp_path):
    with pytest.raises(RuntimeError, match="odd"):
        run(ValueError("odd"), APART, tmp_path)


def test_a_job_service_that_is_away_is_one_message(tmp_path):
    with refuses("job-service-away", "job_endpoint"):
        run(ValueError(), ["--runner=FlinkRunner", "--job_endpoint=127.0.0.1:1",
                           "--job_server_timeout=1", "--environment_type=EXTERNAL",
                           "--environment_config=127.0.0.1:1"], tmp_path)


def test_every_beam_step_gets_the_arguments_and_no_cache_key_does(tiny_shop, tmp_path):
    from pipeline.dag import build_pipeline
    from pipeline.kubeflow.plan import compile_ir

    options = {"job_endpoint": "flink:8099"}
    plain = load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path)
    flink = load_config(None, dataset="demo", data_dir=tiny_shop, root=tmp_path,
                        beam={"options": options}, beam_runner="flink")
    specs = {}
    for config in (plain, flink):
        bound = bind(config.recipe, read_spec("demo"))
        ir = compile_ir(build_pipeline(config, bound, tmp_path / "schemas"), "run")
        deployment = runner_utils.extract_local_deployment_config(ir)
        specs[config.beam.runner] = {
            name: _without_beam(runner_utils.extract_executor_spec(deployment, name))
            for name in (node.pipeline_node.node_info.id for node in ir.nodes)}
    with_beam = {name for name, (_, arguments) in specs["flink"].items() if arguments}
    assert {name.split(".")[0] for name in with_beam} == {
        "CatalogGen", "StatisticsGen", "Transform", "Evaluator"}
    for name in with_beam:
        assert specs["flink"][name][1] == flink.beam.arguments()
        assert specs["flink"][name][0] == specs["direct"][name][0]


_JAVA = """Pipeline BeamApp-1 failed in state FAILED: org.apache.flink.JobException: Recovery is \
suppressed
\tat org.apache.flink.Executor.run(Executor.java:1)
Caused by: java.util.concurrent.TimeoutException: outer
Caused by: NoResourceAvailableException: Could not acquire the minimum required resources.
\tat org.apache.flink.Scheduler.run(Scheduler.java:2)
"""

_PYTHON = """Pipeline BeamApp-1 failed in state FAILED: java.lang.Error: outer
Caused by: java.lang.RuntimeException: Error received: Traceback (most recent call last):
  File "x.py", line 1, in <module>
ValueError: odd [while running 'Spill']

\tat org.apache.beam.Client.run(Client.java:1)
\t... 3 more
"""


@pytest.mark.parametrize(("error", "code", "words"), [
    (FileNotFoundError(2, "No such file", "java"), "job-service-not-started", "Java 17"),
    (RuntimeError("Unable to fetch remote job server jar at https://x: no"),
     "job-service-not-started", "https://x"),
    (grpc.FutureTimeoutError(), "job-service-away", "job_endpoint"),
    (grpc.RpcError("Socket closed"), "job-service-lost", "Socket closed"),
    (RuntimeError(_JAVA), "beam-job-failed", "FAILED: NoResourceAvailableException: Could not"),
    (RuntimeError(_PYTHON), "beam-job-failed", "FAILED: ValueError: odd [while"),
    (RuntimeError("Pipeline a failed in state CANCELLED: unknown error"), "beam-job-failed",
     "CANCELLED: unknown error"),
])
def test_a_fault_is_one_line(error, code, words):
    message = job_fault(error)
    assert message.code == code and words in str(message)
    assert len(str(message)) < 700 and "\n" not in str(message)


def test_another_error_is_not_the_services():
    assert job_fault(FileNotFoundError(2, "No such file", "ratings.csv")) is None
    assert job_fault(RuntimeError("odd")) is None
    full = _PYTHON.replace("ValueError: odd", "OSError: [Errno 28] No space left on device")
    assert job_fault(RuntimeError(full)) is None


def test_a_lost_job_service_is_told_by_the_job_and_not_by_a_thread(capsys):
    show_thread_end(threading.ExceptHookArgs((grpc.RpcError, grpc.RpcError("lost"), None, None)))
    assert capsys.readouterr().err == ""
    show_thread_end(threading.ExceptHookArgs((ValueError, ValueError("odd"), None, None)))
    assert "ValueError: odd" in capsys.readouterr().err
