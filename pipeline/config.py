"""The configuration of a run: one validated tree."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    field_validator,
    model_validator,
)

from components.privacy.hiding import hidden
from components.privacy.options import Privacy
from components.sources import SOURCES
from components.sources.files.options import FileOptions
from components.sources.spans import Spans
from pipeline.alerts import Alerts
from pipeline.beam.options import BeamOptions
from pipeline.checks import Checks, ColdItems, refuse_earlier
from pipeline.cluster.options import KubeflowOptions
from pipeline.recipe_files import NO_NAME, named_recipe
from pipeline.validation import validated
from pipeline.yaml_loader import read_yaml
from schemas import FeatureSpec, InputError, read_spec, unknown
from schemas.extensions import load_extensions
from schemas.values.text import plain_path
from trainer.options import Strict, Whole
from trainer.recipe import Recipe, parse_recipe

_USUAL_SCHEMAS = "schemas"  # a folder's name that says nothing of the dataset
# What is shown of a model; a key that is not here may hold a secret, such as an address.
_OF_A_MODEL = {"extensions", "recipe_name", "recipe", "split", "seed", "checks", "cold_items",
               "privacy"}
_LONGEST_NAME = 63  # TFX refuses a longer name of a pipeline
# Where options of the command line belong that are no key of the tree itself.
_WITHIN = {"beam_runner": ("beam", "runner"), "span": ("spans", "until")}


Place = Annotated[Path, AfterValidator(plain_path)]


def _recipe_of_tree(given: Any) -> Any:
    """Returns the recipe of a tree: its family decides which class reads it."""
    return parse_recipe(**given) if isinstance(given, dict) else given


class RunConfig(Strict):
    """Everything that a run depends on besides the data's content.

    Attributes:
      extensions: Modules to import, which register sources, checks, kinds of tasks and so on.
      dataset: Name of a source.
      name: What the user's own files are called in the results; see `dataset_name`.
      data_dir: Its folder; without one, the demo is written and MovieLens fetched under the root.
      spans: Which of its daily folders are read, if it has such.
      schemas: Folder of the user's schemas, for the user's own files.
      source: Where the user's own files are.
      root: Where runs, artifacts, metadata and pushed models go.
      recipe_name: Name of the recipe.
      recipe: The recipe.
      split: How interactions are split: `u80`, `t80`, `random`, or a column that says it.
      seed: Seed of everything random.
      checks: What a model must pass to be blessed.
      cold_items: How the recipe is tried on items without an event, if it reads content.
      alerts: Who is notified of the verdict on the data.
      privacy: What becomes of personal data.
      push: Whether a blessed model is pushed to where servers find it.
      beam: What runs the steps that read and write all data.
      kubeflow: What `tessera compile` says to a cluster; local runs ignore it.
    """

    extensions: tuple[str, ...] = ()
    dataset: str
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] | None = None
    data_dir: Place
    spans: Spans = Spans()
    schemas: Place | None = None
    source: FileOptions | None = None
    root: Place = Path("tessera-runs")
    recipe_name: str = "flagship"
    recipe: Annotated[SerializeAsAny[Recipe], BeforeValidator(_recipe_of_tree)]
    split: str = "u80"
    seed: Annotated[Whole, Field(ge=0, lt=2**31)] = 1
    checks: Checks = Checks()
    cold_items: ColdItems = ColdItems()
    alerts: Alerts = Alerts()
    privacy: Privacy = Privacy()
    push: bool = True
    beam: BeamOptions = BeamOptions()
    kubeflow: KubeflowOptions | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_earlier(cls, values: Any) -> Any:
        return refuse_earlier(values)

    @field_validator("extensions")
    @classmethod
    def _load(cls, modules: tuple[str, ...]) -> tuple[str, ...]:
        load_extensions(modules)
        return modules

    def source_arguments(self, spec: FeatureSpec) -> dict[str, Any]:
        """Returns the arguments of `components.sources.open_source`, as plain JSON values."""
        arguments: dict[str, Any] = {"name": self.dataset, "data_dir": str(self.data_dir)}
        if self.extensions:
            arguments["extensions"] = list(self.extensions)
        if self.spans != Spans():
            arguments["spans"] = self.spans.model_dump()
        if self.source is not None:
            arguments["files"] = {"spec": json.loads(spec.to_json()),
                                  "options": self.source.model_dump(mode="json")}
        return arguments

    def until(self, span: str) -> "RunConfig":
        """Returns the configuration of a run whose newest span is this one."""
        return self.model_copy(update={"spans": self.spans.model_copy(update={"until": span})})

    def pinned(self) -> "RunConfig":
        """Names the newest span, so that one which arrives meanwhile is none of this run's.

        Raises:
          InputError: Spans are asked for that are not there.
        """
        names = self.spans.names(self.data_dir)
        return self.until(names[-1]) if names else self

    @property
    def read_from(self) -> str:
        """What pages call the data's folder, with the spans that are read of it."""
        last, until = self.spans.last, self.spans.until
        if until is None:
            return str(self.data_dir)
        folder = str(self.data_dir / until)
        return folder if last == 1 else f"{folder} and {last - 1} spans before it"

    def spec(self) -> FeatureSpec:
        """Reads the dataset's schemas.

        Raises:
          InputError: A schema cannot be read or does not hold together.
        """
        spec = read_spec(self.schemas or SOURCES[self.dataset].schema)
        if self.schemas is not None:
            spec = replace(spec, name=self.dataset_name)
        return hidden(spec) if self.privacy.pseudonyms else spec

    def described(self) -> dict[str, Any]:
        """Returns what a model depends on as JSON values: no places of files, no addresses."""
        tree = self.model_dump(mode="json", include=_OF_A_MODEL,
                               exclude={"privacy": {"deletion_list"}})
        return tree | {"dataset": self.dataset_name}

    def work(self, spec: FeatureSpec) -> str:
        """Returns a digest of what a run depends on besides code and the data's content.

        Args:
          spec: The dataset's spec.
        """
        source = self.source and self.source.model_dump(mode="json")
        what = [self.described(), self.spans.last, source, spec.to_json()]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def dataset_name(self) -> str:
        """What results call the dataset: own files by `name`, or by the folder of their schemas.

        The folder above takes the place of a folder that is called `schemas`. No file is read: on a
        cluster the folder is not there.
        """
        if self.schemas is None:
            return self.dataset
        folder = Path(os.path.normpath(self.schemas))
        called = folder.parent.name if folder.name == _USUAL_SCHEMAS else folder.name
        name = self.name or NO_NAME.sub("_", called) or _USUAL_SCHEMAS
        return f"{self.dataset}-{name}" if name in SOURCES else name

    @property
    def pipeline_name(self) -> str:
        """A name for each dataset, recipe and seed: each has its own last blessed model."""
        name = f"{self.dataset_name}-{self.recipe_name}-{self.seed}"
        if len(name) <= _LONGEST_NAME:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{name[:_LONGEST_NAME - len(digest) - 1]}-{digest}"


def data_folder(root: Path, dataset: str) -> Path:
    """Returns where runs under a root write or fetch a dataset; one that is given is only read."""
    return root / "data" / dataset


def load_config(path: Path | None, **given: Any) -> RunConfig:
    """Builds a run's configuration from an optional file and the command line.

    Args:
      path: A YAML file whose keys are those of `RunConfig`, `recipe` being a name or a file;
        files of recipes and schemas are relative to this one.
      **given: Values from the command line, which win; `None` means not given. `beam_runner` is
        the key `runner` of the section `beam`, and `span` is `until` of `spans`.

    Returns:
      The validated configuration.

    Raises:
      InputError: A file is missing or a key or value is wrong; the message names the key.
    """
    values = read_yaml(path) if path else {}
    if path and str(values.get("recipe")).endswith((".yaml", ".yml")):
        values["recipe"] = str(path.parent / str(values["recipe"]))
    within = {section: {key: value} for name, (section, key) in _WITHIN.items()
              if (value := given.pop(name, None)) is not None}
    values.update((key, value) for key, value in given.items() if value is not None)
    for section, chosen in within.items():
        if isinstance(written := values.setdefault(section, {}), dict):
            values[section] = written | chosen
    extensions = values.get("extensions", ())
    if isinstance(extensions, list):  # what they register may be named below
        load_extensions([str(module) for module in extensions])
    name = _recipe_given(values)
    if "dataset" not in values:
        raise InputError("no-dataset",
                         f"No dataset given. Use --dataset with one of: {', '.join(SOURCES)}.")
    if str(values["dataset"]) not in SOURCES:
        raise unknown("dataset", values["dataset"], SOURCES)
    kind = SOURCES[values["dataset"]]
    values.setdefault("root", "tessera-runs")
    if "data_dir" not in values:
        if kind.provide:
            values["data_dir"] = data_folder(Path(str(values["root"])), values["dataset"])
        elif path and kind.own:
            values["data_dir"] = path.parent
        else:
            raise InputError("dataset-needs-folder",
                             f"Dataset {values['dataset']!r} needs its files: give their folder "
                             "with --data-dir.")
    _check_source_keys(values)
    folder = path.parent if path else Path()
    for key, start in (("root", Path()), ("data_dir", Path()), ("schemas", folder)):
        if not isinstance(place := values.get(key), list | dict | None):  # which no path is
            values[key] = (start / str(place)).absolute()
    _locate_deletions(values, folder)
    values["recipe_name"], values["recipe"] = named_recipe(name)
    return validated(RunConfig, values, f"configuration {path}" if path else "the configuration")


def _recipe_given(values: dict[str, Any]) -> str:
    """Takes out of a configuration's values which recipe is meant."""
    given = values.pop("recipe", "flagship")
    if isinstance(given, dict) or "recipe_name" in values:
        raise InputError(
            "recipe-not-named",
            "The key 'recipe' of a configuration names a recipe of the project or a YAML file, "
            "whose name is the recipe's. Write a recipe of your own into such a file, and leave "
            "'recipe_name' out.")
    return str(given)


def _locate_deletions(values: dict[str, Any], folder: Path) -> None:
    """Takes the path of a deletion list as relative to the configuration's file."""
    privacy = values.get("privacy")
    if isinstance(privacy, dict) and isinstance(listed := privacy.get("deletion_list"), str):
        values["privacy"] = {**privacy, "deletion_list": (folder / listed).absolute()}


def _check_source_keys(values: dict[str, Any]) -> None:
    """Own files need `schemas` and `source` and may have a `name`; a known dataset brings all."""
    own = SOURCES[values["dataset"]].own
    for key in ("schemas", "source", "name"):
        if own and values.get(key) is None and key != "name":
            raise InputError("dataset-needs-key",
                             f"Dataset {values['dataset']!r} needs the key {key!r} in a file "
                             "given with --config; docs/your-data.md shows one.")
        if not own and key in values:
            raise InputError("key-of-own-files",
                             f"The key {key!r} is for one's own files; dataset "
                             f"{values['dataset']!r} has its own. Remove it, or set dataset to "
                             f"one of: {', '.join(n for n, k in SOURCES.items() if k.own)}.")
