"""Each rule for a compiled file refuses a file that breaks it, and passes one that does not."""

import copy

import pytest
import yaml

from pipeline.kubeflow.rules import broken_rules

GOOD = list(yaml.safe_load_all("""
components:
  comp-first:
    executorLabel: exec-first
    inputDefinitions: {parameters: {recipe: {parameterType: STRING}}}
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
               "{{$.pipeline_job_uuid}}"]
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
        inputs: {parameters: {recipe: {componentInputParameter: recipe}}}
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


def rename(spec, kind, old, new):
    kind[new] = kind.pop(old)


def told(documents):
    return broken_rules(yaml.safe_dump_all(documents))


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
    "does not resolve {{workflow.name}}": lambda s: first(s)["args"].append("{{workflow.name}}"),
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
