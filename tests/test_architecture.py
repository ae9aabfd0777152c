"""The rules of the house: who knows whom, how large a room may grow, where names may stand."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml
from source_trees import (
    MODULES,
    PACKAGES,
    ROOT,
    by_room,
    imports,
    modules_by_import,
    nodes,
    relative,
    tree,
)

from schemas import MODALITIES, SIDES, available, read_spec
from schemas.spec import ROLES
from trainer.recipe import Recipe
from trainer.tasks import TASK_KINDS

# Words that a schema uses as a column's name and the code for something else.
COMMON_WORDS = {"name"}


def feature_names() -> set[str]:
    """Names that stand for a column and nothing else: not for a role, label or modality."""
    specs = [read_spec(dataset) for dataset in available()]
    labels = {label.name for spec in specs for label in spec.labels}
    house = {*ROLES, *MODALITIES, *SIDES, *labels, *COMMON_WORDS}
    return {feature.name for spec in specs for feature in spec.features} - house


def leaves(given: object) -> Iterator[str]:
    if isinstance(given, dict):
        for key, value in given.items():
            yield str(key)
            yield from leaves(value)
    elif isinstance(given, list):
        for value in given:
            yield from leaves(value)
    else:
        yield str(given)


def test_columns_are_named_in_schemas_and_sources_only():
    names = feature_names()
    assert {"stars", "poster", "zip_code"} < names
    result = [f"{module}:{node.lineno} {node.value!r}" for module, node in nodes(ast.Constant)
              if not module.startswith(("schemas/", "components/sources/"))
              and isinstance(node.value, str) and node.value in names]
    assert not result, f"Ask the FeatureSpec by role or modality instead: {result}"


def test_recipes_name_no_column_and_no_dataset():
    forbidden = (feature_names() | set(available())) - set(Recipe.model_fields)
    for path in (ROOT / "pipeline/recipes").glob("*.yaml"):
        words = set(leaves(yaml.safe_load(path.read_text(encoding="utf-8"))))
        assert not words & forbidden, f"{relative(path)} names {words & forbidden}"


def test_no_part_of_the_pipeline_asks_for_a_component_by_its_name():
    """Costs, results and reports ask for types of artifacts and for stages."""
    names = {node.name for module, node in nodes(ast.ClassDef) if module.endswith("/component.py")}
    assert {"Gate", "Trainer", "CatalogGen"} < names
    result = [f"{module}:{node.lineno} {node.value!r}" for module, node in nodes(ast.Constant)
              if module.startswith("pipeline/") and isinstance(node.value, str)
              and node.value in names]
    assert not result


def test_modules_stay_small():
    lines = {relative(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    too_long = {path: number for path, number in lines.items() if number > 450}
    assert not too_long, f"Split these, at most 450 lines fit: {too_long}"
    long = {path: number for path, number in lines.items() if number > 300}
    assert len(long) <= len(lines) / 10, f"9 of 10 modules have at most 300 lines: {long}"


RULES = {
    "schemas": ("components", "trainer", "pipeline", "serving", "tensorflow", "keras", "tfx"),
    "components": ("pipeline", "trainer.layers", "trainer.network.model"),
    "trainer": ("pipeline", "components"),
    "serving": ("components", "trainer", "pipeline"),
}


@pytest.mark.parametrize("room", RULES)
def test_rooms_know_only_whom_they_may(room):
    files = [path for path in MODULES if relative(path).startswith(f"{room}/")]
    assert files
    result = [
        f"{relative(path)} imports {name}"
        for path in files for name in sorted(imports(path)) for banned in RULES[room]
        if name == banned or name.startswith(f"{banned}.")
    ]
    assert not result


def test_layers_know_keras_and_numpy_alone():
    allowed = {"keras", "numpy", "trainer", *sys.stdlib_module_names}
    files = [path for path in MODULES if relative(path).startswith("trainer/layers/")]
    result = [f"{relative(path)} imports {name}" for path in files for name in imports(path)
              if name.partition(".")[0] not in allowed
              or (name.startswith("trainer") and not name.startswith("trainer.layers"))]
    assert files and not result


def asks_what_a_kind_is_called(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Finds what decides by the name of a kind of task: a comparison, a `match`, a table."""
    others = set(TASK_KINDS) - {"regression"}  # The imputation of that name is no kind of task.
    for node in ast.walk(module):
        asked: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            asked = [node.subject]
        heads = [one for one in asked if isinstance(one, ast.Attribute) and one.attr == "head"]
        if heads or (isinstance(node, ast.Constant) and node.value in others):
            yield getattr(node, "lineno", 0), ast.unparse(node)


def asks_what_a_modality_is_called(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Finds what decides by the name of a modality: a comparison or a `match`."""
    for node in ast.walk(module):
        asked: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
            asked += [one for part in asked for one in getattr(part, "elts", ())]
        elif isinstance(node, ast.Match):
            asked = [one for case in node.cases for one in ast.walk(case.pattern)]
        if any(isinstance(one, ast.Constant) and one.value in MODALITIES for one in asked):
            yield getattr(node, "lineno", 0), ast.unparse(node)


@pytest.mark.parametrize(("asks", "text", "lines"), [
    (asks_what_a_kind_is_called, "task.head == 'regression'", [1]),
    (asks_what_a_kind_is_called, "x = a.b.head not in HEADS", [1]),
    (asks_what_a_kind_is_called, "CLICKS = ('click',)", [1]),
    (asks_what_a_kind_is_called, "f = {'binary': 1}.get(task.head)", [1]),
    (asks_what_a_kind_is_called, "match task.head:\n  case 'x': pass", [1]),
    (asks_what_a_kind_is_called,
     "kind = TASK_KINDS[task.head]\nf'the head {task.head!r} is no click'", []),
    (asks_what_a_modality_is_called, "feature.modality == 'image'", [1]),
    (asks_what_a_modality_is_called, "x = m in ('text', 'audio')", [1]),
    (asks_what_a_modality_is_called, "match m:\n  case 'video': pass", [1]),
    (asks_what_a_modality_is_called,
     "MODALITIES[feature.modality]\nx = {'image': 1}\nf.modality in recipe.modalities", []),
])
def test_asking_what_something_is_called_is_seen(asks, text, lines):
    assert [line for line, _ in asks(ast.parse(text))] == lines


@pytest.mark.parametrize(("asks", "rooms"), [
    (asks_what_a_kind_is_called, ("trainer/tasks/", "components/sources/")),
    (asks_what_a_modality_is_called, ("trainer/modalities/", "schemas/modality.py"))])
def test_kinds_and_modalities_are_told_apart_in_their_rooms_only(asks, rooms):
    result = [f"{relative(path)}:{line} {text}" for path in MODULES
              if not relative(path).startswith(rooms) for line, text in asks(tree(path))]
    assert not result, f"Ask `task.kind`, or the modality's object: {result}"


def texts(node: ast.AST, constants: dict[str, list[str]]) -> Iterator[str]:
    """The texts that an argument may be; what a text in braces becomes is `x`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Tuple):
        yield from (text for one in node.elts for text in texts(one, constants))
    elif isinstance(node, ast.JoinedStr):
        yield "".join(one.value if isinstance(one, ast.Constant) else "x" for one in node.values)
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from constants.get(node.id if isinstance(node, ast.Name) else node.attr, [])


def takes_names_apart(module: ast.Module,
                      constants: dict[str, list[str]]) -> Iterator[tuple[int, str]]:
    """Finds what asks how a name begins or ends: with a word that an underscore joins to it."""
    for node in ast.walk(module):
        asked = node.func.attr if isinstance(node, ast.Call) and isinstance(
            node.func, ast.Attribute) else ""
        joint = JOINTS.get(asked)
        if joint and any(re.fullmatch(joint, text) for one in node.args
                         for text in texts(one, constants)):
            yield node.lineno, ast.unparse(node)


JOINTS = {"startswith": r"\w*_", "removeprefix": r"\w*_", "endswith": r"_\w*",
          "removesuffix": r"_\w*"}
# Which names columns may not have, the one function that knows TensorFlow Serving's flat names, and
# the variables of the environment that Kubeflow keeps.
APART = ("schemas/consistency.py", "schemas/inference/column.py", "serving/signature.py",
         "pipeline/cluster/formats.py")


@pytest.mark.parametrize(("text", "lines"), [
    ("name.startswith('history_')", [1]), ("name.removeprefix(PREFIX)", [1]),
    ("name.startswith(keys.PREFIX)", [1]), ("key.endswith(('_rmse', 'x'))", [1]),
    ("key.removeprefix(f'{task}_')", [1]), ("key.removesuffix(f'_{name}')", [1]),
    ("url.startswith('http://')\nside.removesuffix('s')\npath.endswith('.yaml')\n"
     "tag.startswith('label:')\nline.startswith(MARK)\nname.startswith(other)", []),
])
def test_a_name_that_is_taken_apart_is_seen(text, lines):
    constants = {"PREFIX": ["ranker__"], "MARK": ["# "]}
    assert [line for line, _ in takes_names_apart(ast.parse(text), constants)] == lines


def test_what_a_name_stands_for_is_declared_and_not_read_from_the_name():
    constants: dict[str, list[str]] = {}
    for path in MODULES:
        for node in tree(path).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                constants.setdefault(node.targets[0].id, []).extend(texts(node.value, {}))
    assert "history_" in constants["HISTORY"]
    result = [f"{relative(path)}:{line} {text}" for path in MODULES
              if not relative(path).startswith(APART)
              for line, text in takes_names_apart(tree(path), constants)]
    assert not result, f"Ask the parts, the signature or the record that declares it: {result}"


def test_metrics_of_tasks_are_named_by_their_kinds_alone():
    names = {metric.key for kind in TASK_KINDS.values() for metric in kind.metrics}
    names -= {"precision", "recall"}  # also of numbers, and of a curve's points
    result = [f"{module}:{node.lineno} {node.value!r}" for module, node in nodes(ast.Constant)
              if not module.startswith("trainer/tasks/") and node.value in names]
    assert {"rmse", "auc"} < names and not result, f"Ask the kind, or its facts: {result}"


def test_kinds_of_tasks_are_looked_up():
    kinds = {kind.__class__.__module__ for kind in TASK_KINDS.values()}
    known = [f"{relative(path)} imports {name}" for path in MODULES for name in imports(path)
             if name in kinds and not relative(path).startswith("trainer/tasks/")]
    assert not known, f"Look kinds up in TASK_KINDS: {known}"


def circles(graph: dict[str, set[str]]) -> dict[str, list[str]]:
    """Returns what is left without those that import nothing or that nothing imports."""
    graph = dict(graph)
    while ends := [name for name, known in graph.items()
                   if not known & graph.keys() or not any(name in o for o in graph.values())]:
        for name in ends:
            del graph[name]
    return {name: sorted(known & graph.keys()) for name, known in graph.items()}


def test_a_circle_is_seen():
    graph = {"a.x.one": {"a.y.one"}, "a.y.one": set(), "a.y.two": {"a.x.two"}, "a.x.two": set(),
             "b.z": {"a.x.one"}}
    assert not circles(graph) and not circles(by_room(graph, depth=1))
    assert circles(by_room(graph, depth=2)) == {"a.x": ["a.y"], "a.y": ["a.x"]}


def test_no_modules_import_each_other_in_a_circle():
    result = circles(modules_by_import())
    assert not result, f"These import each other, or what does: {result}"


@pytest.mark.parametrize("depth", [1, 2])
def test_no_rooms_import_each_other_in_a_circle(depth):
    rooms = by_room(modules_by_import(), depth)
    assert rooms.keys() >= (set(PACKAGES) if depth == 1 else {"trainer.network", "trainer.run"})
    result = circles(rooms)
    assert not result, f"These rooms import each other, or what does: {result}"


def test_kinds_of_tasks_know_keras_and_layers_alone():
    allowed = ("keras", "numpy", "pydantic", "schemas", "trainer.layers", "trainer.tasks",
               "trainer.options",
               "trainer.preprocessing.columns", "trainer.preprocessing", *sys.stdlib_module_names)
    result = [f"{relative(path)} imports {name}" for path in (ROOT / "trainer/tasks").glob("*.py")
              for name in imports(path)
              if not any(name == one or name.startswith(f"{one}.") for one in allowed)]
    assert not result


def test_nothing_slow_is_loaded_before_input_is_checked():
    script = (
        "import sys, pipeline.cli, pipeline.run, pipeline.results, pipeline.schema_commands\n"
        "import pipeline.inference.infer, pipeline.inference.check, trainer.recipe\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'tensorflow', 'tfx', 'keras', "
        "'tf_keras', 'apache_beam', 'kfp', 'tensorflow_data_validation', 'pandas'}))")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_no_link_is_tracked():
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True,
                            check=True).stdout.splitlines()
    assert listed
    links = [line.split("\t")[1] for line in listed if line.startswith("120000")]
    assert not links, f"A link leads out of the clone sooner or later; remove {links}"
