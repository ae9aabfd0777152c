"""Which files are meant: from the command line, a configuration, or both."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.sources import SOURCES
from components.sources.files.options import FileOptions
from components.sources.files.readers import FORMATS
from pipeline.validation import validated
from pipeline.yaml_loader import read_yaml
from schemas import SIDES, InputError, unknown


@dataclass(frozen=True)
class Tables:
    """A user's files.

    Attributes:
      dataset: `"csv"`, `"parquet"` or `"jsonl"`.
      data_dir: The folder that the options' paths start from.
      options: What is where.
    """

    dataset: str
    data_dir: Path
    options: FileOptions


def named_tables(config: Path | None, data_dir: Path | None, dataset: str | None,
                 **given: Any) -> Tables:
    """Returns which files a command means.

    Args:
      config: A YAML file with `dataset` and `source`, as for a run; or `None`.
      data_dir: The data's folder; else the configuration's, else that of the configuration.
      dataset: The files' format; else the configuration's, else CSV.
      **given: Files by table, and the options of text files; `None` and empty are not given. They
        win over the configuration.

    Returns:
      The files, which may not be there yet.

    Raises:
      InputError: Nothing says where the interactions are, or an option is wrong.
    """
    values = read_yaml(config) if config else {}
    where = f"configuration {config}" if config else "the given files"
    source = values.get("source") or {}
    if not isinstance(source, dict):
        validated(FileOptions, source, f"{where}, key 'source'")
    source = dict(source)
    for key, value in given.items():
        if not value:
            continue
        if key in SIDES:
            _require_relative(key, value)
            table = source.get(key)
            source[key] = {**(table if isinstance(table, dict) else {}), "files": list(value)}
        else:
            source[key] = value
    dataset = str(dataset or values.get("dataset", "csv"))
    if dataset not in SOURCES:
        raise unknown("dataset", dataset, FORMATS)
    if dataset not in FORMATS:
        raise InputError("dataset-with-own-schemas",
                         f"Dataset {dataset!r} brings its own schemas. Give your own files as one "
                         f"of: {', '.join(FORMATS)}.")
    if "interactions" not in source:
        raise InputError("no-interactions",
                         "Nothing says where the interactions are. Give their files with "
                         "--interactions, from the folder --data-dir, or a file with --config "
                         "whose key 'source' names them.")
    options = validated(FileOptions, source, where)
    folder = data_dir or values.get("data_dir") or (config.parent if config else Path())
    return Tables(dataset, Path(str(folder)).absolute(), options)


def _require_relative(side: str, patterns: list[str]) -> None:
    for pattern in patterns:
        if Path(pattern).is_absolute():
            raise InputError("absolute-pattern",
                             f"--{side} {pattern!r} is an absolute path. Give the folder with "
                             "--data-dir and the path from there.")
