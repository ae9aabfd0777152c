"""Which models and versions are served: TensorFlow Serving's folders and `models.config`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from schemas.errors import InputError
from serving import wire

# What TensorFlow Serving's int64 holds, in ASCII digits.
_VERSION = re.compile(r"[0-9]{1,18}")
_Config = wire.message("ModelServerConfig")
MOST_MODELS = 32  # each version that is served has a process


def versions(base_path: Path) -> dict[int, Path]:
    """Finds the versions that hold a `saved_model.pb`.

    Args:
      base_path: The folder of the versions.

    Returns:
      Folders by version, the newest first.
    """
    versions = {
        int(file.parent.name): file.parent
        for file in base_path.glob("*/saved_model.pb")
        if _VERSION.fullmatch(file.parent.name) and file.is_file()
    }
    return dict(sorted(versions.items(), reverse=True))


def require_versions(base_path: Path) -> None:
    """Refuses a folder from which nothing can be served.

    Raises:
      InputError: If there is no such folder, or no version in it.
    """
    if not base_path.is_dir():
        raise InputError("no-model-folder",
                         f"There is no model folder {base_path}. Give the one that Pusher fills.")
    if not versions(base_path):
        raise InputError(
            "no-model-version",
            f"{base_path} holds no model version. Expected {base_path}/<integer version>/"
            "saved_model.pb; give the folder above the versions."
        )


def fingerprint(version_path: Path) -> tuple[tuple[str, int, int], ...]:
    """Returns name, size and modification time in ns of each file, to see whether one changed."""
    files = [(file, file.stat()) for file in sorted(version_path.rglob("*")) if file.is_file()]
    return tuple(
        (str(file.relative_to(version_path)), stat.st_size, stat.st_mtime_ns)
        for file, stat in files
    )


@dataclass(frozen=True)
class ModelConfig:
    """One model.

    Attributes:
      name: The name that requests give.
      base_path: The folder of its versions.
      newest: How many of the newest versions are served; 0 for all.
      specific: These versions alone, where any is given.
      labels: Versions by label, such as `stable`.
    """

    name: str
    base_path: Path
    newest: int = 1
    specific: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    def wanted(self, present: Mapping[int, Any]) -> list[int]:
        """Returns the versions to try of those that are there, the newest first.

        With `newest` these are all: as many as that are taken of those that load.
        """
        newest = sorted(present, reverse=True)
        return [one for one in newest if one in self.specific] if self.specific else newest


def read_model_config(file: Path) -> list[ModelConfig]:
    """Reads a `models.config`.

    Args:
      file: A `ModelServerConfig` in protobuf's text format; a relative base path is one of the
        file's folder.

    Returns:
      The models.

    Raises:
      InputError: It cannot be read or used.
    """
    try:
        config = text_format.Parse(file.read_text(encoding="utf-8"), _Config())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise InputError("bad-models-config",
                         f"{file} cannot be read as a ModelServerConfig: {error}.") from error
    return model_configs(config, file.parent)


def model_configs(config: Any, folder: Path = Path()) -> list[ModelConfig]:
    """Reads a `ModelServerConfig`.

    Args:
      config: The message.
      folder: What relative base paths start from; the working directory by default.

    Returns:
      The models.

    Raises:
      InputError: It names no model, too many, one twice, or one without a name or a folder.
    """
    given = config.model_config_list.config
    if len(given) > MOST_MODELS:
        raise InputError(
            "too-many-models",
            f"A server serves at most {MOST_MODELS} models; given: {len(given)}. Start another "
            "server for the rest.")
    models = [_model(one, folder) for one in given]
    names = [one.name for one in models]
    if not names or "" in names or len(set(names)) < len(names):
        raise InputError(
            "bad-model-list",
            f"A model_config_list needs models, each with a name of its own; given: {names}."
        )
    return models


def _model(one: Any, folder: Path) -> ModelConfig:
    if (not one.base_path or "\0" in one.base_path
            or one.model_platform not in ("", "tensorflow")):
        raise InputError(
            "bad-model-entry",
            f"Model {one.name!r} needs a base_path and the model_platform \"tensorflow\"; given: "
            f"{one.base_path!r} and {one.model_platform!r}."
        )
    policy = one.model_version_policy
    choice = policy.WhichOneof("policy_choice")
    if choice == "specific" and not policy.specific.versions:
        raise InputError("no-specific-version",
                         f"The version policy 'specific' of model {one.name!r} names no version. "
                         "Name one, or take another policy.")
    newest = 0 if choice == "all" else (policy.latest.num_versions or 1)
    return ModelConfig(
        one.name, folder / one.base_path, newest,
        tuple(policy.specific.versions), dict(one.version_labels))
