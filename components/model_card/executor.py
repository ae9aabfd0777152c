"""Writes the card and the lineage of a model."""

import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import Artifact, artifact_utils

from components.data_profile.profile import read_profile
from components.model_card import LINEAGE
from components.model_card.content import sections
from components.model_card.lineage import lineage
from components.model_card.page import to_html, to_markdown
from components.task_metrics import task_metrics
from components.verdict import REASONS, Outcome


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
            profile=read_profile(one(input_dict["profile"]).uri) or {})
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
    told = sections(made_of, figures, tasks, reasons)
    for name, text in (("model_card.md", to_markdown(title, told)),
                       ("model_card.html", to_html(title, told)),
                       (LINEAGE, json.dumps(made_of, indent=1, ensure_ascii=False))):
        (folder / name).write_text(text, encoding="utf-8")
