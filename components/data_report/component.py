"""The `DataReport` component: what the data looks like, for people."""

import hashlib
import json
import logging
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec, standard_artifacts

from components.artifacts import DataReport as DataReportArtifact
from components.artifacts import DataVerdict, Quarantine
from components.code_digest import code_digest
from components.data_report.content import gather
from schemas import SIDES, FeatureSpec, parse_spec
from trainer.modalities import files_of

log = logging.getLogger("tessera.data_report")
_OF_A_TABLE = {
    "{}": standard_artifacts.Examples,
    "{}_statistics": standard_artifacts.ExampleStatistics,
}


_TEMPLATE = Path(__file__).with_name("page.html.j2")
_NOTHING = "–"


def template_digest() -> str:
    """Returns a digest of the template, which is part of the code that makes the report."""
    return hashlib.sha256(_TEMPLATE.read_bytes()).hexdigest()[:8]


def to_html(content: dict[str, Any]) -> str:
    """Renders the page; every string of the data is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": _number, "share": _share, "date": _date, "size": _size,
                            "above": _above, "densities": _densities, "unchanged": _unchanged}
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(strict(content))


def to_json(content: dict[str, Any]) -> str:
    """Renders the JSON twin, without the pictures."""
    return json.dumps(strict(content, leave_out="picture"), indent=1, allow_nan=False)


def strict(value: Any, leave_out: str | None = None) -> Any:
    """Copies plain values with `None` for every number that JSON cannot hold.

    Args:
      value: Nested lists and dicts of plain values.
      leave_out: A key that the copy leaves out.

    Returns:
      The copy.
    """
    if isinstance(value, dict):
        return {k: strict(v, leave_out) for k, v in value.items() if k != leave_out}
    if isinstance(value, list):
        return [strict(v, leave_out) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float | None) -> str:
    if value is None:
        return _NOTHING
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.2f}" if 1 <= abs(value) < 1e6 else f"{value:.3g}"


def _share(value: float | None) -> str:
    if value is None:
        return _NOTHING
    if 0 < value < 0.0001:
        return "< 0.01 %"
    return f"{100 * value:.2f} %" if 0 < value < 1 else f"{100 * value:.0f} %"


def _date(seconds: float | None) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return _number(seconds)


def _size(count: float | None) -> str:
    return _NOTHING if count is None else f"{count / 1024:,.1f} KiB"


def _unchanged(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in changes if one["past"] == one["today"]]


def _above(value: float) -> str:
    """Returns the next number of two digits from a value on, as a limit that lets it pass."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1) if value > 0 else 1.0
    return np.format_float_positional(
        math.ceil(value / step) * step, precision=2, fractional=False, trim="-")


def _densities(bars: list[dict[str, Any]]) -> list[float]:
    """Returns the share of all in a bar by its width, so that two runs' bars compare."""
    total = sum(bar["count"] or 0 for bar in bars) or 1
    return [(bar["count"] or 0) / total / ((bar["high"] - bar["low"]) or 1) for bar in bars]


class Executor(base_executor.BaseExecutor):
    """Writes the report; whatever is wrong with the data is in it."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads every input; writes `report`."""
        folders = {
            name: artifact_utils.get_single_uri(artifacts)
            for name, artifacts in input_dict.items()
        }
        spec = parse_spec(**json.loads(exec_properties["spec"]))
        write_report(spec, folders, artifact_utils.get_single_uri(output_dict["report"]),
                     exec_properties["folder"])


def write_report(spec: FeatureSpec, folders: dict[str, str], target: str,
                 data_folder: str = "") -> None:
    """Writes `data_report.html` and `data_report.json`.

    Args:
      spec: The dataset's spec.
      folders: Folders of the artifacts, see `components.data_report.content.gather`.
      target: The folder to write to.
      data_folder: What the page calls the data's folder.
    """
    content = {**gather(spec, folders), "folder": data_folder}
    log.info("DataReport: %s", content["headline"])
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data_report.html").write_text(to_html(content), encoding="utf-8")
    (folder / "data_report.json").write_text(to_json(content), encoding="utf-8")


class DataReportSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataReport`."""

    INPUTS = {
        key.format(side): component_spec.ChannelParameter(type=kind)
        for side in SIDES for key, kind in _OF_A_TABLE.items()
    } | {"quarantine": component_spec.ChannelParameter(type=Quarantine),
         "verdict": component_spec.ChannelParameter(type=DataVerdict)}
    OUTPUTS = {"report": component_spec.ChannelParameter(type=DataReportArtifact)}
    PARAMETERS = {
        "spec": component_spec.ExecutionParameter(type=str),
        "folder": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class DataReport(base_component.BaseComponent):
    """Writes a self-contained page about the data, and its JSON twin."""

    SPEC_CLASS = DataReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, spec: FeatureSpec, name: str | None = None, folder: str = "",
                 **channels: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          spec: The dataset's spec.
          name: What the page calls the dataset; the spec's name by default.
          folder: The data's folder, as the page shows it.
          **channels: `quarantine`, `verdict` and, for each table, its Examples as `<table>` and
            its `<table>_statistics`.
        """
        super().__init__(
            spec=DataReportSpec(
                **channels,
                report=channel.Channel(type=DataReportArtifact),
                spec=json.dumps({"name": name or spec.name, "texts": list(spec.texts)}),
                folder=folder,
                code_digest=code_digest(
                    "components.data_report.component", *files_of("explain")) + template_digest(),
            )
        )
