import pytest
import yaml
from refusals import refuses

from pipeline.beam.options import BeamOptions
from pipeline.beam.runners import RUNNERS, boot_program
from pipeline.config import load_config

QUIET = "--experiments=disable_logging_submission_environment"


def test_options_become_beams_arguments():
    assert BeamOptions().arguments() == [], "this machine is the default"
    given = {"job_endpoint": "flink:8099", "parallelism": 4, "flink_submit_uber_jar": True,
             "experiments": ["one", "two"]}
    assert BeamOptions(runner="flink", options=given).arguments() == [
        "--runner=FlinkRunner", "--job_endpoint=flink:8099", "--parallelism=4",
        "--flink_submit_uber_jar", "--experiments=one", "--experiments=two", QUIET]


@pytest.mark.parametrize("runner", RUNNERS)
def test_each_engine_takes_options_of_its_own(runner):
    own = {"direct": {"direct_num_workers": 2}, "flink": {"parallelism": 2},
           "spark": {"spark_version": "3"},
           "dataflow": {"project": "shop", "region": "europe-west4", "temp_location": "gs://shop/t"}}
    for name, options in own.items():
        if name == runner:
            assert len(BeamOptions(runner=runner, options=options).arguments()) >= len(options)
        else:
            with refuses("unknown-beam-option", next(iter(own[runner]))):
                BeamOptions(runner=runner, options=options)


@pytest.mark.parametrize(("runner", "options"), [
    ("direct", {"direct_running_mode": "somehow"}),
    ("direct", {"direct_num_workers": True}),
    ("direct", {"direct_runner_use_stacked_bundle": False}),
    ("flink", {"parallelism": "two"}),
    ("flink", {"flink_master": {"host": "flink"}}),
    ("flink", {"environment_type": "EXTERNAL"}),
    ("flink", {"environment_cache_millis": "a while"}),
    ("spark", {"sdk_worker_parallelism": 1.5}),
    ("flink", {"environment_options": ["process_command=boot"]}),
])
def test_values_that_beam_would_not_take(runner, options):
    with refuses("bad-beam-option", next(iter(options))):
        BeamOptions(runner=runner, options=options)


def test_workers_of_no_known_kind_and_an_engine_without_what_it_needs():
    with refuses("unknown-environment-type", "'process'", "DOCKER, EXTERNAL, LOOPBACK, PROCESS"):
        BeamOptions(runner="flink", options={"environment_type": "process"})
    with refuses("bad-beam-option", "project, temp_location"):
        BeamOptions(runner="dataflow", options={"region": "europe-west4"})


def test_unknown_engines_and_one_that_loses_data():
    with refuses("unknown-beam-runner", "direct, flink, spark"):
        BeamOptions(runner="FlinkRunner")
    with refuses("runner-loses-data", "direct, flink, spark"):
        BeamOptions(runner="dask")


def test_workers_that_are_processes_start_by_our_own_program():
    process = {"environment_type": "PROCESS"}
    assert BeamOptions(runner="flink", options=process).arguments()[-1] == \
        f"--environment_option=process_command={boot_program()}"
    own = {**process, "environment_options": ["process_command=/opt/boot"]}
    assert BeamOptions(runner="flink", options=own).arguments()[-1] == \
        QUIET


def test_the_command_names_the_engine_and_the_file_its_options(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump({"dataset": "demo", "beam": {"options": {"parallelism": 2}}}))
    assert load_config(path, beam_runner="flink").beam.arguments() == [
        "--runner=FlinkRunner", "--parallelism=2", QUIET]
    with refuses("unknown-beam-option", "direct_num_workers"):
        load_config(path)
    with refuses("bad-configuration", "beam_runner"):
        path.write_text(yaml.safe_dump({"dataset": "demo", "beam_runner": "flink"}))
        load_config(path)


def test_a_step_on_a_cluster_needs_a_job_service():
    BeamOptions().require_reachable()
    BeamOptions(runner="spark", options={"job_endpoint": "spark:8099",
                                         "environment_type": "DOCKER"}).require_reachable()
    with refuses("no-job-service", "job_endpoint", "environment_type"):
        BeamOptions(runner="flink", options={"parallelism": 2}).require_reachable()
