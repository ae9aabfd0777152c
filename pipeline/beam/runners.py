"""The engines that Beam's pipelines can run on, each with the options that it takes."""

import argparse
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
    """

    beam: str
    groups: tuple[str, ...]

    def arguments(self, options: Options) -> list[str]:
        """Returns Beam's arguments for this engine with some options.

        Args:
          options: Values by the names of Beam's options: a text, a number, true, or a list.

        Raises:
          InputError: There is no such option, or a value is not allowed.
        """
        words = [word for key, value in options.items() for word in _words(key, value)]
        if options:
            self._check(options, words)
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
            kind = next((kind for kind in (bool, list) if isinstance(given, kind)), None)
            if kind is not None and parsed[key] != given:
                raise _bad_option(f"{key} is {given!r}, but one value is allowed that is no "
                                  f"{'truth value' if kind is bool else 'list'}, or {key!r} is "
                                  "left out")

    def _parser(self) -> argparse.ArgumentParser:
        from apache_beam.options import pipeline_options

        import pipeline.process  # noqa: F401  (else Beam's own imports warn of each other)

        parser = _Parser(allow_abbrev=False, add_help=False)
        for group in self.groups:
            getattr(pipeline_options, group)._add_argparse_args(parser)
        return parser


@dataclass(frozen=True)
class Portable(Runner):
    """An engine that gets its jobs from a job service, and has Python in workers of its own."""

    def arguments(self, options: Options) -> list[str]:
        """See `Runner.arguments`; workers that are processes are started by our own program."""
        environment = options.get("environment_type")
        configured = {"environment_config", "environment_options"} & options.keys()
        if environment == "EXTERNAL" and not configured:
            raise _bad_option("environment_type is EXTERNAL, which needs environment_config, the "
                              "host and port of a pool that 'tessera beam-worker' started")
        words = super().arguments(options)
        # Beam would send along what pip says is installed, for logs of Dataflow alone.
        words.append("--experiments=disable_logging_submission_environment")
        if environment == "PROCESS" and not configured:
            words.append(f"--environment_option=process_command={boot_program()}")
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
        "GoogleCloudOptions", "WorkerOptions", "SetupOptions", "DebugOptions")),
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
