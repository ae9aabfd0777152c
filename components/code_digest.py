"""A digest of the code that a component runs, for its cache key.

TFX's cache key holds inputs and parameters but, for code given by a dotted name, no code. The
digest covers every module of the project that the entry module reaches by an import, also by
one inside a function, so that an edit reruns the components it concerns and no others.
"""

import ast
import hashlib
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("schemas", "components", "trainer", "pipeline", "serving")


def code_digest(*modules: str) -> str:
    """Digests modules and all project modules that they import.

    Args:
      *modules: Dotted names, such as `"trainer.fit"`.

    Returns:
      Sixteen hexadecimal digits.
    """
    files: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = _file(module)
        if path is None or module in files:
            continue
        files[module] = path
        waiting.extend(_imports(path))
    digest = hashlib.sha256()
    for module in sorted(files):
        digest.update(module.encode())
        digest.update(files[module].read_bytes())
    return digest.hexdigest()[:16]


def _file(module: str) -> Path | None:
    spec = find_spec(module)
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def _imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append(node.module)
            found += [
                name for alias in node.names
                if node.module.split(".")[0] in _PACKAGES
                and _is_module(name := f"{node.module}.{alias.name}")
            ]
    return [name for name in found if name.split(".")[0] in _PACKAGES]


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
