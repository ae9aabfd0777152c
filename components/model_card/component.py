"""The `ModelCard` component: what a model is and what it was made of, for whoever gets it."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import Artifact, artifact_utils, channel, component_spec, standard_artifacts

from components.artifacts import Card, DataProfile, Verdict
from components.code_digest import code_digest
from components.data_profile.component import read_profile
from components.model_card import LINEAGE
from components.model_card.content import Section, lineage, sections
from components.task_metrics import read_summary, task_metrics
from components.verdict import REASONS, Outcome

_FOLDER = Path(__file__).parent
# What Markdown, or HTML within it, would take for a mark; names come from the user's data.
_MARKS = re.compile(r"([\\`*_\[\]<>|#])")


def to_markdown(title: str, sections: Sequence[Section]) -> str:
    """Renders the card as Markdown."""
    return _rendered("card.md.j2", title, sections, escaped=False)


def to_html(title: str, sections: Sequence[Section]) -> str:
    """Renders the card as one HTML page that needs nothing from elsewhere."""
    return _rendered("card.html.j2", title, sections, escaped=True)


def _rendered(template: str, title: str, sections: Sequence[Section], escaped: bool) -> str:
    environment = jinja2.Environment(autoescape=escaped, trim_blocks=True, lstrip_blocks=True)
    environment.filters["md"] = lambda text: _MARKS.sub(r"\\\1", text)
    text = (_FOLDER / template).read_text(encoding="utf-8")
    return environment.from_string(text).render(title=title, sections=sections)


class Executor(base_executor.BaseExecutor):
    """Joins what the checks measured with what the model was made of."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `model_card.md`, `model_card.html` and `lineage.json`; see `ModelCardSpec`."""
        one = artifact_utils.get_single_instance
        config = json.loads(exec_properties["config"])
        parent = input_dict.get("parent")
        made_of = lineage(
            config, json.loads(exec_properties["code"]),
            run=self._context.pipeline_run_id if self._context else "",
            model=one(input_dict["model"]), parent=one(parent) if parent else None,
            interactions=one(input_dict["interactions"]),
            profile=read_profile(one(input_dict["profile"]).uri) or {},
            training=read_summary(one(input_dict["model_run"]).uri))
        outcomes = [Outcome.load(verdict.uri) for verdict in input_dict["verdicts"]]
        figures: dict[str, Any] = {}
        for outcome in outcomes:
            figures = outcome.figures | figures
        evaluated = input_dict.get("evaluation_metrics")
        tasks = task_metrics(one(evaluated).uri) if evaluated else figures.get("tasks", {})
        reasons = json.loads(Path(one(input_dict["blessing"]).uri, REASONS).read_text("utf-8"))
        write_card(Path(one(output_dict["card"]).uri), made_of, figures, tasks, reasons)


def write_card(folder: Path, made_of: dict[str, Any], figures: dict[str, Any],
               tasks: dict[str, Any], reasons: list[str]) -> None:
    """Writes the three files of a card.

    Args:
      folder: Where to; made if it is missing.
      made_of: The lineage.
      figures: What the checks measured.
      tasks: The metrics of each task.
      reasons: Why the model was refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = made_of["config"]
    title = f"{config['recipe_name']} on {config['dataset']}"
    parts = sections(made_of, figures, tasks, reasons)
    for name, text in (("model_card.md", to_markdown(title, parts)),
                       ("model_card.html", to_html(title, parts)),
                       (LINEAGE, json.dumps(made_of, indent=1, ensure_ascii=False))):
        (folder / name).write_text(text, encoding="utf-8")


class ModelCardSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `ModelCard`."""

    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "parent": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "verdicts": component_spec.ChannelParameter(type=Verdict),
        "evaluation_metrics": component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True),
        "interactions": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "profile": component_spec.ChannelParameter(type=DataProfile),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }
    OUTPUTS = {"card": component_spec.ChannelParameter(type=Card)}
    PARAMETERS = {
        "config": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }


class ModelCard(base_component.BaseComponent):
    """Writes a model's card and lineage, for the Pusher to put beside the model."""

    SPEC_CLASS = ModelCardSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, config: Mapping[str, Any], code: Mapping[str, str],
                 verdicts: Sequence[channel.BaseChannel], **inputs: channel.BaseChannel) -> None:
        """Builds the component.

        Args:
          config: The run's configuration as JSON values, without the places of files;
            `recipe_name`, `dataset`, `split` and `seed` are among its keys.
          code: Digests of the code that made the model, by what it does.
          verdicts: The `Verdict` of each check.
          **inputs: The other channels of `ModelCardSpec.INPUTS`.
        """
        super().__init__(ModelCardSpec(
            config=json.dumps(config, sort_keys=True),
            code=json.dumps(code, sort_keys=True),
            verdicts=channel.UnionChannel(verdicts),
            card=channel.Channel(type=Card),
            code_digest=code_digest("components.model_card.component"),
            **inputs,
        ))
