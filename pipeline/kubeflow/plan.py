"""The compiled pipeline of one run, on the volume that all its steps share."""

import json
import re
from pathlib import Path

from google.protobuf import message
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.root import write_whole
from schemas import InputError
from schemas.extensions import LOADED, load_extensions

_FILE = "pipeline.pb"
_EXTENSIONS = "extensions.json"  # modules that every step imports


def compile_ir(pipe: tfx_pipeline.Pipeline, run_id: str) -> pipeline_pb2.Pipeline:
    """Compiles a pipeline for one run.

    Args:
      pipe: The pipeline.
      run_id: The run's id in the metadata; the same id again continues that run.
    """
    ir = compiler.Compiler().compile(pipe)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
    return ir


def run_folder(root: Path, run_id: str) -> Path:
    """Returns a run's folder.

    Raises:
      InputError: The id could lead out of the root.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", run_id):
        raise InputError("bad-run-id",
                         f"{run_id!r} is no run id; expected letters, digits, '.', '_' and '-'.")
    return root / "runs" / run_id


def save_plan(root: Path, run_id: str, ir: pipeline_pb2.Pipeline) -> None:
    """Writes a run's pipeline; readers see the old one or the whole new one."""
    folder = run_folder(root, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / _EXTENSIONS, json.dumps(LOADED).encode())
    write_whole(folder / _FILE, ir.SerializeToString())


def load_plan(root: Path, run_id: str) -> pipeline_pb2.Pipeline:
    """Reads a run's pipeline.

    Raises:
      InputError: The first step of the run did not write it where this step looks.
    """
    path = run_folder(root, run_id) / _FILE
    if (extensions := path.with_name(_EXTENSIONS)).exists():
        load_extensions(json.loads(extensions.read_text(encoding="utf-8")))
    try:
        return pipeline_pb2.Pipeline.FromString(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            "no-plan",
            f"There is no {path}. The step init-metadata writes it, on the same volume: check that "
            "every step mounts the claim under the root, and that the claim's access mode is "
            "ReadWriteMany.") from error
    except (OSError, message.DecodeError) as error:
        raise InputError("unreadable-plan",
                         f"Cannot read {path}: {error}. Check the volume under the root."
                         ) from error
