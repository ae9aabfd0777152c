"""The project's modules as syntax trees, for tests of what they import and call."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("schemas", "components", "trainer", "pipeline", "serving")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Yields all nodes of some kinds, each with the module that has it."""
    for path in MODULES:
        yield from ((relative(path), node) for node in ast.walk(tree(path))
                    if isinstance(node, kinds))


def imports(path: Path) -> set[str]:
    """Dotted names of all modules that a file imports, anywhere in it."""
    result = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            result |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            result |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return result


def modules_by_import() -> dict[str, set[str]]:
    """Returns which modules each module imports."""
    names = {relative(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
             for path in MODULES}
    graph = {}
    for name, path in names.items():
        known = imports(path) & names.keys()
        # Of `from package import module` the package itself is not meant.
        graph[name] = {one for one in known if not any(o.startswith(f"{one}.") for o in known)}
    return graph


def by_room(graph: dict[str, set[str]], depth: int) -> dict[str, set[str]]:
    """Returns which rooms each room imports; a module outside of a room is one itself."""
    def room(name: str) -> str:
        return ".".join(name.split(".")[:depth])

    rooms: dict[str, set[str]] = {}
    for name, known in graph.items():
        rooms.setdefault(room(name), set()).update({room(one) for one in known} - {room(name)})
    return rooms
