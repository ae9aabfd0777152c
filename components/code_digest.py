"""A digest of the code that a component runs, for its cache key.

TFX's cache key holds inputs and parameters but, for code given by a dotted name, no code. The
digest covers every module of the project that the entry module reaches by an import, also by
one inside a function, so that an edit reruns the components it concerns and no others. It is one
of the syntax trees without comments and docstrings: what changes no behaviour reruns nothing.
"""

import ast
import functools
import hashlib
import importlib.util
from pathlib import Path

from schemas.extensions import LOADED

_PACKAGES = ("schemas", "components", "trainer", "pipeline", "serving")
_ROOT = Path(__file__).parents[1]  # they are side by side


def code_digest(*modules: str) -> str:
    """Digests modules and all project modules that they import; nothing is run for it.

    Args:
      *modules: Dotted names, such as `"trainer.training.fit"`.

    Returns:
      Sixteen hexadecimal digits.

    Raises:
      ModuleNotFoundError: One of the names is no module of the project.
    """
    for module in modules:
        if _file(module) is None:
            raise ModuleNotFoundError(f"{module!r} is no module under {_ROOT}.", name=module)
    read: dict[str, tuple[bytes, tuple[str, ...]]] = {}
    waiting = [*modules, *LOADED]  # an extension may change what any component does
    while waiting:
        module = waiting.pop()
        path = _file(module)
        if path is not None and module not in read:
            package = module if path.stem == "__init__" else module.rpartition(".")[0]
            read[module] = _read(path, package, path.stat().st_mtime_ns)
            waiting += read[module][1]
    digest = hashlib.sha256()
    for module, (code, _) in sorted(read.items()):
        digest.update(module.encode() + code)
    return digest.hexdigest()[:16]


def _file(module: str) -> Path | None:
    """Returns the file of one of the project's modules, `None` for any other name."""
    names = module.split(".")
    if names[0] not in _PACKAGES:
        return _extension_file(module)
    folder = _ROOT.joinpath(*names)
    candidates = (folder / "__init__.py", folder.parent / f"{folder.name}.py")
    return next((path for path in candidates if path.is_file()), None)


def _extension_file(module: str) -> Path | None:
    """Returns the file of an extension's module, or of one in the same package."""
    if not any(module.split(".")[0] == loaded.split(".")[0] for loaded in LOADED):
        return None
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # something in a module
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


@functools.cache
def _read(path: Path, package: str, changed: int) -> tuple[bytes, tuple[str, ...]]:
    """Returns a digest of a file's code, and what it imports; several components ask for both."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = _imports(tree, package)
    return hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).digest(), tuple(names)


def _imports(tree: ast.Module, package: str) -> list[str]:
    """Returns the dotted names that a module imports, of modules and of what is in them."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")  # as modules of extensions have it
            source = importlib.util.resolve_name(relative, package)
            names += [source, *(f"{source}.{alias.name}" for alias in node.names)]
    return names


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Takes the docstrings out of a tree, and returns it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(ast.Constant(str())), *rest]:
                    node.body = rest
    return tree
