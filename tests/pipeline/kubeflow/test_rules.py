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
deploymentSpec:
  executors:
    exec-first:
      container:
        image: tessera:1
        command: [python, -m, first]
        args: [--recipe, "{{$.inputs.parameters['recipe']}}", --metadata,
               '{"password": {"secret": "db", "key": "password"}}', '{"a": {"b": {}}}',
               "{{$.outputs.artifacts['page'].path}}", "{{$}}"]
root:
  inputDefinitions: {parameters: {recipe: {parameterType: STRING, isOptional: true}}}
  dag:
    tasks:
      first:
        inputs:
          parameters:
            recipe: {componentInputParameter: recipe}
            run_id: {runtimeValue: {constant: "{{$.pipeline_job_uuid}}"}}
---
platforms: {kubernetes: {deploymentSpec: {executors: {exec-first: {imagePullPolicy: Always}}}}}
"""))


def messages(documents):
    return broken_rules(yaml.safe_dump_all(documents))


def argument(*words):
    return lambda spec, platform: spec["deploymentSpec"]["executors"]["exec-first"]["container"][
        "args"].extend(words)


def constant(text):
    return lambda spec, platform: spec["root"]["dag"]["tasks"]["first"]["inputs"]["parameters"][
        "run_id"].update(runtimeValue={"constant": text})


def parameter(**given):
    return lambda spec, platform: spec["root"]["inputDefinitions"]["parameters"]["recipe"].update(
        given)


def label(text):
    return lambda spec, platform: platform["platforms"]["kubernetes"]["deploymentSpec"][
        "executors"]["exec-first"].update(podMetadata={"labels": {"run": text}})


def many(spec, platform):
    for number in range(20):
        spec["deploymentSpec"]["executors"][f"exec-{number}"] = {"container": {
            "args": ["x" * 100_000]}}


JOB = "{{$.pipeline_job_uuid}}"


@pytest.mark.parametrize(("spoil", "words"), [
    (argument("x" * 131_072), "an argument of 131072 bytes"),
    (argument('{"pattern": "^a$$"}'), "'$$' or '$('"),
    (argument("--password=hunter2"), "looks like a password"),
    (argument(JOB), "container.args has '{{'"),
    (argument("--name={{workflow.name}}"), "container.args has '{{'"),
    (constant(f"run-{JOB}"), "runtimeValue.constant has '{{'"),
    (parameter(defaultValue=JOB), "recipe.defaultValue has '{{'"),
    (label(JOB), "podMetadata.labels.run has '{{'"),
    (argument(*["x" * 120_000] * 2), "exec-first's container has 24"),
    (parameter(description="x" * 131_072), "the pipeline's parameters has 13"),
    (many, "the file has 2"),
])
def test_a_faulty_file(spoil, words):
    assert messages(GOOD) == messages(GOOD[:1]) == [], "the platform may be missing"
    documents = copy.deepcopy(GOOD)
    spoil(*documents)
    assert any(words in fault for fault in messages(documents)), messages(documents)
