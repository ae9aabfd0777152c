"""Each rule for a compiled file refuses a file that breaks it, and passes one that does not."""

import copy

import pytest
import yaml

from pipeline.kubeflow.rules import broken_rules

GOOD = list(yaml.safe_load_all("""
components:
  comp-first:
    executorLabel: exec-first
    inputDefinitions:
      parameters: {recipe: {parameterType: STRING}, run_id: {parameterType: STRING}}
  comp-second:
    executorLabel: exec-second
    outputDefinitions:
      artifacts: {page: {artifactType: {schemaTitle: system.HTML, schemaVersion: 0.0.1}}}
deploymentSpec:
  executors:
    exec-first:
      container:
        image: tessera:1
        command: [python, -m, first]
        args: [--recipe, "{{$.inputs.parameters['recipe']}}", --metadata,
               '{"password": {"secret": "db", "key": "password"}}',
               "{{$.inputs.parameters['run_id']}}"]
    exec-second:
      container:
        image: tessera:1
        command: [python, -m, second]
        args: ["{{$.outputs.artifacts['page'].path}}", "{{$}}", '{"a": {"b": {}}}']
        resources:
          accelerator: {resourceType: nvidia.com/gpu, resourceCount: '1'}
pipelineInfo: {name: demo-flagship-1}
root:
  inputDefinitions: {parameters: {recipe: {parameterType: STRING, isOptional: true}}}
  dag:
    tasks:
      first:
        cachingOptions: {}
        componentRef: {name: comp-first}
        inputs:
          parameters:
            recipe: {componentInputParameter: recipe}
            run_id: {runtimeValue: {constant: "{{$.pipeline_job_uuid}}"}}
        retryPolicy: {maxRetryCount: 1, backoffMaxDuration: 604800s}
        taskInfo: {name: first}
      second:
        cachingOptions: {}
        componentRef: {name: comp-second}
        dependentTasks: [first]
        taskInfo: {name: second}
schemaVersion: 2.1.0
sdkVersion: kfp-2.13.0
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-first: {imagePullPolicy: Always}
"""))


def first(spec):
    return spec["deploymentSpec"]["executors"]["exec-first"]["container"]


def second(spec):
    return spec["deploymentSpec"]["executors"]["exec-second"]["container"]


def tasks(spec):
    return spec["root"]["dag"]["tasks"]


def executors(documents):
    return documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def constant(spec, text):
    tasks(spec)["first"]["inputs"]["parameters"]["run_id"] = {"runtimeValue": {"constant": text}}


def many(spec):
    for number in range(20):
        spec["components"][f"comp-{number}"] = {"executorLabel": f"exec-{number}"}
        spec["deploymentSpec"]["executors"][f"exec-{number}"] = {"container": {
            "image": "tessera:1", "command": ["python"], "args": ["x" * 100_000]}}


def rename(spec, kind, old, new):
    kind[new] = kind.pop(old)


def told(documents):
    return broken_rules(yaml.safe_dump_all(documents))


def test_who_runs_a_step_is_known_to_no_kfp_of_old():
    documents = copy.deepcopy(GOOD)
    executors(documents)["exec-first"]["securityContext"] = {"runAsUser": "10001"}
    assert told(documents) == []


def test_a_good_file_breaks_no_rule():
    assert told(GOOD) == []
    assert told(GOOD[:1]) == [], "the platform may be missing"


SPEC_FAULTS = {
    "schemaVersion is '2.0.0'": lambda s: s.update(schemaVersion="2.0.0"),
    "schemaVersion is None": lambda s: s.pop("schemaVersion"),
    "this is a PipelineJob": lambda s: s.update(pipelineSpec={}),
    "unknown field": lambda s: s.update(surprise=1),
    "preCacheCheck": lambda s: first(s).update(lifecycle={"preCacheCheck": {}}),
    "resolver executor": lambda s: s["deploymentSpec"]["executors"].update(
        {"exec-first": {"resolver": {}}}),
    "customJob executor": lambda s: s["deploymentSpec"]["executors"].update(
        {"exec-first": {"customJob": {"customJob": {}}}}),
    "task 'Resolver.model'": lambda s: rename(s, tasks(s), "second", "Resolver.model"),
    "task 'ttt": lambda s: rename(s, tasks(s), "second", "t" * 122),
    "component '_tfx_dag'": lambda s: s["components"].update(_tfx_dag={}),
    "executor 'exec_x'": lambda s: s["deploymentSpec"]["executors"].update(
        exec_x={"container": first(s)}),
    "pipeline 'demo_flagship'": lambda s: s["pipelineInfo"].update(name="demo_flagship"),
    "pipeline 'aaa": lambda s: s["pipelineInfo"].update(name="a" * 129),
    "exec-first has no command": lambda s: first(s).update(command=[]),
    "exec-second has no command": lambda s: second(s).pop("command"),
    "exec-first names no image": lambda s: first(s).pop("image"),
    'names no image: "{{$.inputs': lambda s: first(s).update(
        image="{{$.inputs.parameters['recipe']}}"),
    "without both its type and its count": lambda s: second(s)["resources"]["accelerator"].pop(
        "resourceCount"),
    "does not resolve {{$.inputs.artifacts['m'].value}}": lambda s: first(s)["args"].append(
        "{{$.inputs.artifacts['m'].value}}"),
    "does not resolve {{$.outputs.artifacts['page'].metadata['k']}}": lambda s: second(s)[
        "args"].append("{{$.outputs.artifacts['page'].metadata['k']}}"),
    "has '{{' without '}}' in 'x{{y'": lambda s: first(s)["args"].append("x{{y"),
    "does not resolve {{workflow.name}}": lambda s: first(s)["args"].append("{{workflow.name}}"),
    "does not resolve {{$.pipeline_job_uuid}} in a container: give it to the task": lambda s: first(
        s)["args"].append("{{$.pipeline_job_uuid}}"),
    "does not resolve {{$.pipeline_job_name}} in a container": lambda s: first(s)["args"].append(
        "--name={{$.pipeline_job_name}}"),
    "does not resolve {{$.pipeline_task_name}} in a container": lambda s: first(s)[
        "command"].append("{{$.pipeline_task_name}}"),
    "does not resolve {{$.pipeline_root}} in a container": lambda s: first(s)["args"].append(
        "{{$.pipeline_root}}"),
    "does not resolve {{$.outputs.output_file}} in a container": lambda s: first(s)[
        "args"].append("{{$.outputs.output_file}}"),
    "does not resolve run-{{$.pipeline_job_uuid}} as the value of run_id": lambda s: constant(
        s, "run-{{$.pipeline_job_uuid}}"),
    "does not resolve {{$.pipeline_root}} as the value of run_id": lambda s: constant(
        s, "{{$.pipeline_root}}"),
    "root.inputDefinitions.parameters.recipe.defaultValue has {{$.pipeline_job_uuid}}": lambda s: s[
        "root"]["inputDefinitions"]["parameters"]["recipe"].update(
            defaultValue="{{$.pipeline_job_uuid}}"),
    "env.value has {{$.pipeline_job_uuid}}, which nothing resolves": lambda s: first(s).update(
        env=[{"name": "RUN", "value": "{{$.pipeline_job_uuid}}"}]),
    "again only within 3600 s": lambda s: tasks(s)["first"]["retryPolicy"].update(
        backoffMaxDuration="3600s"),
    "again only within 0 s": lambda s: tasks(s)["first"]["retryPolicy"].pop("backoffMaxDuration"),
    "exec-first's container has 24": lambda s: first(s)["args"].extend(["x" * 120_000] * 2),
    "exec-first's container has 15": lambda s: first(s)["args"].append("<" * 25_000),
    "component comp-first has 13": lambda s: s["components"]["comp-first"]["inputDefinitions"][
        "parameters"]["recipe"].update(description="x" * 131_072),
    "the pipeline's parameters has 13": lambda s: s["root"]["inputDefinitions"]["parameters"][
        "recipe"].update(description="x" * 131_072),
    "an argument with '$$' or '$('": lambda s: first(s)["args"].append('{"pattern": "^a$$"}'),
    "'$(HOME)/data'": lambda s: first(s)["args"].append("$(HOME)/data"),
    "names nothing that its component declares": lambda s: second(s)["args"].append(
        "{{$.inputs.parameters['recipe']}}"),
    "an argument of 131072 bytes": lambda s: first(s)["args"].append("x" * 131_072),
    "password in '--password": lambda s: first(s)["args"].append("--password=hunter2"),
    "password in '--db-password'": lambda s: first(s)["args"].extend(["--db-password", "x"]),
    "password in '{\"password\": \"hunter2\"": lambda s: first(s)["args"].append(
        '{"password": "hunter2"}'),
    "password in its environment": lambda s: first(s).update(
        env=[{"name": "DB_PASSWORD", "value": "hunter2"}]),
    "no tasks": lambda s: tasks(s).clear(),
    "its component {'name': 'comp-third'} does not exist": lambda s: tasks(s)["first"].update(
        componentRef={"name": "comp-third"}),
    "its executor 'exec-third' does not exist": lambda s: s["components"]["comp-first"].update(
        executorLabel="exec-third"),
    "is cached by Kubeflow": lambda s: tasks(s)["first"].update(
        cachingOptions={"enableCache": True}),
    "waits for third": lambda s: tasks(s)["second"].update(dependentTasks=["third"]),
    "in a circle: first, second": lambda s: tasks(s)["first"].update(dependentTasks=["second"]),
    "has no parameter 'recipe'": lambda s: s["root"].pop("inputDefinitions"),
    "its parameter 'recipe' is not given": lambda s: tasks(s)["first"].pop("inputs"),
    "types of the form system.HTML": lambda s: s["components"]["comp-second"][
        "outputDefinitions"]["artifacts"]["page"]["artifactType"].update(schemaTitle="tfx.Model"),
}


@pytest.mark.parametrize("words", SPEC_FAULTS)
def test_a_faulty_pipeline(words):
    documents = copy.deepcopy(GOOD)
    SPEC_FAULTS[words](documents[0])
    found = told(documents)
    assert any(words in fault for fault in found), found


PLATFORM_FAULTS = {
    "the platform must be kubernetes": lambda d: d[1]["platforms"].update(vertex={}),
    "not missing": lambda d: d[1].clear(),
    "the platform speaks of executor 'exec-third'": lambda d: executors(d).update({
        "exec-third": {}}),
    "unknown field": lambda d: executors(d)["exec-first"].update(gpu=1),
    "3 documents": lambda d: d.append({}),
    "PlatformSpec has an unknown field": lambda d: d[1].update(securityContext={}),
    "platform.platforms.kubernetes.deploymentSpec.executors.exec-first.podMetadata.labels.run has "
    "{{$.pipeline_job_uuid}}": lambda d: executors(d)["exec-first"].update(
        podMetadata={"labels": {"run": "{{$.pipeline_job_uuid}}"}}),
    "again only within 604800 s": lambda d: executors(d)["exec-first"].update(
        activeDeadlineSeconds="604800"),
    "the file has 2": lambda d: many(d[0]),
}


@pytest.mark.parametrize("words", PLATFORM_FAULTS)
def test_a_faulty_platform(words):
    documents = copy.deepcopy(GOOD)
    PLATFORM_FAULTS[words](documents)
    found = told(documents)
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize(("text", "words"), [
    ("a: [", "is not YAML"), ("", "must hold a PipelineSpec"), ("- 1", "must hold a PipelineSpec"),
])
def test_no_pipeline_at_all(text, words):
    (found,) = broken_rules(text)
    assert words in found
