"""No file from elsewhere is read by what would run it; exceptions of the audit have reasons."""

import ast
import re

import yaml
from source_trees import MODULES, ROOT, imports, nodes, relative

from pipeline.yaml_loader import Loader

RUNS_CODE = {"pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "joblib", "torch"}
# Files that a run writes and reads itself, within its own folders.
OWN_FILES = {
    "components/catalog_gen/join.py": "marshal",  # ids between two steps of ingest
    "components/catalog_gen/shards.py": "marshal",
    "components/catalog_gen/spill.py": "marshal",  # rows between two steps of ingest
    "trainer/families/forest.py": "joblib",  # the weights of a forest, a trainer's output
    "pipeline/beside.py": "pickle",  # an error, through the pipe to the process that started it
}


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_formats_that_run_code_are_for_own_files_alone():
    result = {relative(path): name.partition(".")[0] for path in MODULES for name in imports(path)
              if name.partition(".")[0] in RUNS_CODE - {"torch"}}
    assert result == OWN_FILES


def test_no_call_lets_a_file_run():
    bad, models = [], 0
    for name, node in nodes(ast.Call):
        given = {one.arg: ast.unparse(one.value) for one in node.keywords}
        last = called(node).rpartition(".")[2]
        if given.get("allow_pickle") == "True" or given.get("safe_mode") == "False" \
                or given.get("shell") == "True" or called(node) in ("eval", "exec") \
                or last in ("enable_unsafe_deserialization", "unsafe_load", "full_load") \
                or called(node) == "torch.load":
            bad.append((name, node.lineno, called(node)))
        if last == "load_model" and called(node).startswith("keras"):
            models += 1
            if given.get("safe_mode") != "True":
                bad.append((name, node.lineno, "a Keras model without safe_mode"))
        if called(node).startswith("yaml.") and last.startswith("load") \
                and (name, ast.unparse(node.args[-1])) != ("pipeline/yaml_loader.py", "Loader"):
            bad.append((name, node.lineno, called(node)))
    assert not bad and models
    assert issubclass(Loader, yaml.SafeLoader)


def test_each_exception_of_the_audit_has_a_reason_and_is_told():
    lines = (ROOT / "audit-exceptions.txt").read_text(encoding="utf-8").splitlines()
    message = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    listed = [line for line in lines if line and not line.startswith("#")]
    for line in listed:
        match = re.fullmatch(r"(CVE-\d{4}-\d+|GHSA-[\w-]+|PYSEC-\d{4}-\d+) +# \S.{10,}", line)
        assert match and match[1] in message, line
    assert listed
