"""The engines that Beam's pipelines can run on, each with the options that it takes."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from schemas import InputError, unknown

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Runner:
    """An engine.

    Attributes:
      beam: Beam's name of it; empty for what Beam takes by itself.
      groups: Names of Beam's classes of options that it takes.
      required: Options without which it does nothing.
    """

    beam: str
    groups: tuple[str, ...]
    required: tuple[str, ...] = ()

    def arguments(self, options: Options) -> list[str]:
        """Returns Beam's arguments for this engine with some options.

        Args:
          options: Values by the names of Beam's options: a text, a number, true, or a list.

        Raises:
          InputError: There is no such option, a value is not allowed, or one is missing.
        """
        words = [word for key, value in options.items() for word in _words(key, value)]
        if options:
            self._check(options, words)
        if missing := [key for key in self.required if key not in options]:
            raise _bad_option(f"{self.beam} needs {', '.join(missing)}")
        return [f"--runner={self.beam}", *words] if self.beam else words

    def require_reachable(self, options: Options) -> None:
        """Refuses options that a step in a container of its own could not use."""

    def _check(self, options: Options, words: Sequence[str]) -> None:
        parser = self._parser()
        known = vars(parser.parse_args([]))
        for key in options:
            if key not in known:
                raise unknown("beam option", key, known)
        parsed = vars(parser.parse_args(words))
        for key, given in options.items():
            # Beam gives some numbers no type.
            if type(known[key]) is int and not re.fullmatch(r"-?\d+", str(parsed[key])):
                raise _bad_option(f"{key} is {given!r}, but a whole number is allowed")
            kind = next((kind for kind in (bool, list) if isinstance(given, kind)), None)
            if kind is not None and parsed[key] != given:
                raise _bad_option(f"{key} is {given!r}, but one value is allowed that is no "
                                  f"{'truth value' if kind is bool else 'list'}, or {key!r} is "
                                  "left out")

    def _parser(self) -> argparse.ArgumentParser:
        import pipeline.process  # noqa: F401  (first, else Beam's own imports warn of each other)

        from apache_beam.options import pipeline_options  # isort: skip

        parser = _Parser(allow_abbrev=False, add_help=False)
        for group in self.groups:
            getattr(pipeline_options, group)._add_argparse_args(parser)
        return parser


@dataclass(frozen=True)
class Portable(Runner):
    """An engine that gets its jobs from a job service, and has Python in workers of its own."""

    def arguments(self, options: Options) -> list[str]:
        """See `Runner.arguments`; workers that are processes are started by our own program."""
        words = super().arguments(options)
        environment = options.get("environment_type")
        configured = {"environment_config", "environment_options"} & options.keys()
        if environment == "EXTERNAL" and not configured:
            raise _bad_option("environment_type is EXTERNAL, which needs environment_config, the "
                              "host and port of a pool that 'tessera beam-worker' started")
        # Beam would send along what pip says is installed, for logs of Dataflow alone.
        words.append("--experiments=disable_logging_submission_environment")
        if environment == "PROCESS" and not configured:
            words.append(f"--environment_option=process_command={boot_program()}")
        if options:
            _check_environment(words)
        return words

    def require_reachable(self, options: Options) -> None:
        """Refuses a job service or workers of the step's own: it has no Java, and is not found."""
        missing = [key for key in ("job_endpoint", "environment_type") if key not in options]
        if missing:
            raise InputError(
                "no-job-service",
                f"beam.options has no {' and no '.join(missing)}, so that each step would start a "
                f"service or workers of {self.beam} in its own container, where the cluster finds "
                "none. Give those of the cluster; docs/scaling.md shows some.")


# Not Dask: statistics crash on it, and other jobs end without an error and with empty files.
RUNNERS: Mapping[str, Runner] = {
    "direct": Runner("", ("DirectOptions",)),
    "flink": Portable("FlinkRunner", (
        "FlinkRunnerOptions", "PortableOptions", "JobServerOptions", "DebugOptions")),
    "spark": Portable("SparkRunner", (
        "SparkRunnerOptions", "PortableOptions", "JobServerOptions", "DebugOptions")),
    "dataflow": Runner("DataflowRunner", (
        "GoogleCloudOptions", "WorkerOptions", "SetupOptions", "DebugOptions"),
        required=("project", "region", "temp_location")),
}
_LOSES_DATA = "dask"


def runner_of(name: str) -> Runner:
    """Returns an engine by its name.

    Raises:
      InputError: There is none, or Beam loses data on it.
    """
    if name == _LOSES_DATA:
        raise InputError("runner-loses-data",
                         "Beam's runner for Dask ends some jobs without an error and with empty "
                         f"files, so that it is not offered. Take one of: {', '.join(RUNNERS)}.")
    if name not in RUNNERS:
        raise unknown("beam runner", name, RUNNERS)
    return RUNNERS[name]


def boot_program() -> Path:
    """Returns the program that starts a worker, beside the Python that runs now."""
    return Path(sys.executable).with_name("tessera-beam-boot")


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        raise _bad_option(message.removeprefix("argument --"))

    def add_value_provider_argument(self, *names: str, **given: Any) -> None:
        """Adds an option as Beam's own parser does."""
        self.add_argument(*names, **given)


def _check_environment(words: Sequence[str]) -> None:
    """Refuses workers that Beam does not know how to start; it would say so in the first step."""
    from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator

    given = PipelineOptions(list(words)).view_as(PortableOptions)
    known = PipelineOptionsValidator.REQUIRED_ENVIRONMENT_OPTIONS
    if given.environment_type is not None and given.environment_type not in known:
        raise unknown("environment type", given.environment_type, known)
    for fault in PipelineOptionsValidator(given, None).validate_environment_options(given):
        raise _bad_option("environment_type and environment_options do not go together: "
                          + fault.rstrip("."))


def _words(key: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{key}"] if value else []
    if isinstance(value, list | tuple):
        return [word for one in value for word in _words(key, one)]
    if isinstance(value, str | int | float):
        return [f"--{key}={value}"]
    raise _bad_option(f"{key} is {value!r}, but a text, a number, true or a list is allowed")


def _bad_option(what: str) -> InputError:
    return InputError("bad-beam-option", f"In beam.options: {what}.")
