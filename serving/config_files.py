"""The files that configure a stock server: models.config, batching.config and monitoring.config."""

import re
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import text_format

from schemas.errors import InputError
from serving import wire
from serving.model_config import ModelConfig, model_configs

METRICS_PATH = "/monitoring/prometheus/metrics"
# No wait for others: a batch is what waits while all threads run.
_BATCHING = """\
max_batch_size {{ value: {rows} }}
batch_timeout_micros {{ value: 0 }}
num_batch_threads {{ value: {threads} }}
max_enqueued_batches {{ value: {waiting} }}
# A tensor's first value, which padding would repeat, is an event.
pad_variable_length_inputs: false
"""
_MONITORING = f"""\
prometheus_config {{
  enable: true
  path: "{METRICS_PATH}"
}}
"""
_MOST_ROWS, _BATCHES_A_THREAD = 64, 16


def config_files(model: ModelConfig, threads: int) -> dict[str, str]:
    """Returns the text of each file by its name.

    Args:
      model: What is served.
      threads: How many batches are run at once: the cores that the server has.

    Raises:
      InputError: No server would take the model: its folder is relative, or it has no name.

    Example:
      >>> files = config_files(ModelConfig("tessera", Path("/models/tessera")), threads=4)
      >>> sorted(files)
      ['batching.config', 'models.config', 'monitoring.config']
    """
    if not model.base_path.is_absolute():
        raise InputError("relative-base-path",
                         f"TensorFlow Serving takes no relative folder; given: {model.base_path}. "
                         "Give --base-path as the server sees it, such as /models/tessera.")
    return {
        "models.config": _models_config(model),
        "batching.config": _BATCHING.format(
            rows=_MOST_ROWS, threads=threads, waiting=threads * _BATCHES_A_THREAD),
        "monitoring.config": _MONITORING,
    }


def write_config_files(files: dict[str, str], folder: Path) -> list[Path]:
    """Writes the files and returns their paths.

    Raises:
      InputError: They cannot be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("serving-config-not-written",
                         f"Cannot write to {folder}: {error.strerror}. Give another folder with "
                         "-o.") from error
    return [folder / name for name in files]


def parsed_labels(given: Sequence[str]) -> dict[str, int]:
    """Returns versions by label of texts such as `stable=1785000000`.

    Raises:
      InputError: A text is of another form.
    """
    labels = {}
    for one in given:
        label, _, version = one.partition("=")
        if not label or label in labels or not re.fullmatch("[0-9]{1,18}", version):
            raise InputError("bad-label",
                             f"A label must be given once, as NAME=VERSION, such as "
                             f"stable=1785000000; given: {one!r}.")
        labels[label] = int(version)
    return labels


def _models_config(model: ModelConfig) -> str:
    config = wire.message("ModelServerConfig")()
    one = config.model_config_list.config.add(
        name=model.name, base_path=str(model.base_path), model_platform="tensorflow")
    if model.specific:
        one.model_version_policy.specific.versions.extend(model.specific)
    elif model.newest:
        one.model_version_policy.latest.num_versions = model.newest
    else:
        one.model_version_policy.all.SetInParent()
    one.version_labels.update(model.labels)
    model_configs(config)  # which refuses what the server would
    return text_format.MessageToString(config)
