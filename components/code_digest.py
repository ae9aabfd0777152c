"""A digest of the code that a component runs, for its cache key.

TFX's cache key holds inputs and parameters but, for code given by a dotted name, no code. The
digest covers every module of the project that the entry module reaches by an import, also by
one inside a function, so that an edit reruns the components it concerns and no others.
"""

import ast
import hashlib
from pathlib import Path

_PACKAGES = ("schemas", "components", "trainer", "pipeline", "serving")
_ROOT = Path(__file__).parents[1]  # where they lie, side by side


def code_digest(*modules: str) -> str:
    """Digests modules and all project modules that they import; nothing is run for it.

    Args:
      *modules: Dotted names, such as `"trainer.fit"`.

    Returns:
      Sixteen hexadecimal digits.

    Raises:
      ModuleNotFoundError: One of the names is no module of the project.
    """
    for module in modules:
        if _file(module) is None:
            raise ModuleNotFoundError(f"{module!r} is no module under {_ROOT}.", name=module)
    files: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = _file(module)
        if path is not None and module not in files:
            files[module] = path
            waiting += _imports(path)
    digest = hashlib.sha256()
    for module in sorted(files):
        digest.update(f"{module}/{files[module].stat().st_size}\n".encode())
        digest.update(files[module].read_bytes())
    return digest.hexdigest()[:16]


def _file(module: str) -> Path | None:
    """Returns the file of one of the project's modules, `None` for any other name."""
    names = module.split(".")
    if names[0] not in _PACKAGES:
        return None
    folder = _ROOT.joinpath(*names)
    candidates = (folder / "__init__.py", folder.parent / f"{folder.name}.py")
    return next((path for path in candidates if path.is_file()), None)


def _imports(path: Path) -> list[str]:
    """Returns the dotted names that a file imports, of modules and of what is in them."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found
