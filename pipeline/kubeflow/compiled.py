"""A compiled file as `tessera submit` sends it, and what else it sends, checked before."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.kubeflow.access import account_of
from schemas import InputError

SCHEMA_VERSION = "2.1.0"  # the only one that the API server takes
_WHOLE, _NUMBER = r"[+-]?[0-9]+", r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_ROOT = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+(/\S*)?")
_ACCOUNT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
# What the server's database holds; it says so only after the workflow was made.
_LONGEST = {"--experiment": 128, "--name": 255}


@dataclass(frozen=True)
class Compiled:
    """A compiled pipeline.

    Attributes:
      spec: The PipelineSpec, with its PlatformSpec if there is one, as the server takes them.
      parameters: Types of its parameters by name.
      account: The service account that the file remarks, if it does.
    """

    spec: dict[str, Any]
    parameters: dict[str, str]
    account: str | None = None


def read_compiled(file: Path) -> Compiled:
    """Reads a compiled file, as strictly as the server.

    Args:
      file: The file.

    Raises:
      InputError: It cannot be read, or is no pipeline that the server takes.
    """
    import yaml
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    again = f"Run `tessera compile -o {file}`"
    try:
        text = file.read_text(encoding="utf-8")
        documents = list(yaml.safe_load_all(text))
    except FileNotFoundError as error:
        raise InputError("no-compiled-file", f"{file} does not exist. {again} first.") from error
    except OSError as error:
        raise InputError("unreadable-compiled-file",
                         f"Cannot read {file}: {error.strerror}. {again}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # bad UTF-8 is a ValueError
        why = " ".join(str(error).split())
        raise InputError("compiled-file-not-yaml",
                         f"{file} is no compiled pipeline, as it is no YAML: {why}. {again}."
                         ) from error
    if len(documents) not in (1, 2) or not all(isinstance(d, dict) for d in documents):
        raise InputError("not-a-pipeline-spec",
                         f"{file} is no compiled pipeline: expected a PipelineSpec and at most one "
                         f"PlatformSpec. {again}.")
    version = documents[0].get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise InputError("unknown-schema-version",
                         f"{file} is no compiled pipeline: its schemaVersion is {version!r}, and "
                         f"Kubeflow Pipelines 2.x takes {SCHEMA_VERSION!r} alone. {again}.")
    kinds = (pipeline_spec_pb2.PipelineSpec, pipeline_spec_pb2.PlatformSpec)
    try:
        parsed = [json_format.ParseDict(document, kind())
                  for document, kind in zip(documents, kinds, strict=False)]
        sent = [json_format.MessageToDict(document) for document in parsed]
    except (json_format.Error, TypeError, ValueError, AttributeError) as error:
        raise InputError("bad-pipeline-spec",
                         f"{file} is no compiled pipeline: {' '.join(str(error).split())}. {again}."
                         ) from error
    spec = parsed[0]
    if not spec.pipeline_info.name or not spec.root.HasField("dag"):
        raise InputError("pipeline-without-name",
                         f"{file} is no compiled pipeline: it has no pipelineInfo.name or no "
                         f"root.dag. {again}.")
    parameters = {name: pipeline_spec_pb2.ParameterType.ParameterTypeEnum.Name(p.parameter_type)
                  for name, p in spec.root.input_definitions.parameters.items()}
    whole = {"pipeline_spec": sent[0], "platform_spec": sent[1]} if sent[1:] else sent[0]
    return Compiled(whole, parameters, account_of(text))


def task_names(spec: dict[str, Any]) -> frozenset[str]:
    """Returns the names of a pipeline's own steps.

    Args:
      spec: A PipelineSpec, alone or with its PlatformSpec, as a file or a run has it.
    """
    inner = spec.get("pipeline_spec", spec)
    try:
        tasks = inner["root"]["dag"]["tasks"]
        return frozenset(
            {*tasks, *(t["taskInfo"]["name"] for t in tasks.values() if "taskInfo" in t)})
    except (KeyError, TypeError, AttributeError):
        return frozenset()


def run_parameters(compiled: Compiled, given: list[str]) -> dict[str, Any]:
    """Reads `key=value` words against the parameters that a compiled file declares.

    Args:
      compiled: The file.
      given: The words.

    Returns:
      The values, of the declared types.

    Raises:
      InputError: A word fits no parameter.
    """
    values: dict[str, Any] = {}
    for word in given:
        key, equals, text = word.partition("=")
        if not equals or key not in compiled.parameters:
            raise InputError("unknown-parameter",
                             f"--set {word!r}: give key=value with one of: "
                             f"{', '.join(sorted(compiled.parameters))}.")
        if "{{" in text:
            raise InputError("parameter-with-braces",
                             f"--set {word!r}: Kubeflow resolves no '{{{{...}}}}' in a run's "
                             "parameter: give the value itself.")
        if key in values:
            raise InputError("parameter-given-twice", f"--set gives {key} twice: leave one out.")
        values[key] = _value(word, key, text, compiled.parameters[key])
    return values


def _value(word: str, key: str, text: str, kind: str) -> Any:
    if kind == "STRING":
        return text
    if kind == "NUMBER_INTEGER" and re.fullmatch(_WHOLE, text, re.ASCII):
        return int(text)
    if kind == "NUMBER_DOUBLE" and re.fullmatch(_NUMBER, text, re.ASCII) and math.isfinite(
            float(text)):
        return float(text)
    if kind in ("NUMBER_INTEGER", "NUMBER_DOUBLE"):
        whole = "a whole number, such as 5" if kind == "NUMBER_INTEGER" else "one such as 0.01"
        raise InputError("parameter-not-a-number",
                         f"--set {word!r}: {key} is a number ({kind}): give {whole}.")
    raise InputError("parameter-cannot-be-set",
                     f"--set {word!r}: {key} is a {kind}, which --set cannot give: it takes texts "
                     "and numbers.")


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
        raise InputError("bad-schedule",
                         f"--schedule is {cron!r}: give five fields, minute hour day month "
                         "weekday, such as '0 3 * * *' for three o'clock (UTC) every day.")
    return " ".join(fields if len(fields) == 6 else ["0", *fields])


def require_name(option: str, name: str) -> None:
    """Refuses a name that the server would refuse too late.

    Args:
      option: `--experiment` or `--name`.
      name: The name.

    Raises:
      InputError: It is empty, too long, or holds what no line of text does.
    """
    longest = _LONGEST[option]
    if not name.strip() or not name.isprintable() or any(c > "\uffff" for c in name):
        raise InputError("name-with-control-characters",
                         f"{option} is {name!r}: give a line of text without control characters "
                         "and emoji, which Kubeflow's database does not hold.")
    if len(name.encode()) > longest:
        raise InputError("name-too-long",
                         f"{option} has {len(name.encode())} bytes: Kubeflow holds {longest}. Give "
                         f"a shorter one than {name[:40]!r}...")


def require_account(account: str) -> None:
    """Refuses what is no name of a Kubernetes service account.

    Raises:
      InputError: It is none.
    """
    if not _ACCOUNT.fullmatch(account):
        raise InputError("bad-service-account",
                         f"--service-account is {account!r}: give a name of lower-case letters, "
                         "digits, hyphens and dots, such as pipeline-runner.")


def require_root(root: str) -> None:
    """Refuses what is no place for artifacts.

    Raises:
      InputError: It is no URI.
    """
    if not _ROOT.fullmatch(root):
        raise InputError("bad-pipeline-root",
                         f"--pipeline-root is {root!r}: give a URI, such as minio://bucket/folder, "
                         "s3://bucket or gs://bucket.")
