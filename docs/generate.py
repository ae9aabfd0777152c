"""Writes the pages of docs/ that are made from the code: `make docs`."""

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docs.data_checks import data_checks_page
from docs.recipe_keys import recipe_keys_page
from docs.schema_tags import schema_tags_page

ROOT = Path(__file__).parents[1]
ROOMS = ("schemas", "components", "trainer", "pipeline", "serving")
_BASE = "TesseraError"
_ERRORS_HEAD = """\
# Errors

A failed command ends with one line, `tessera: error[code]: message`, and an exit code. The code is
the same for ever, and the message may change. `make docs` writes this page from the code.
In a message, `{name}` is a value, and `…` is a part that depends on the case.
"""


@dataclass(frozen=True)
class CodedError:
    """A place that makes an error.

    Attributes:
      code: The error's code.
      exit_code: The exit code of a command that ends with it.
      message: The message, with placeholders.
      place: The file and the line.
    """

    code: str
    exit_code: int
    message: str
    place: str


def errors(root: Path = ROOT) -> list[CodedError]:
    """Finds the places that make a typed error, by the syntax trees of all modules.

    Args:
      root: The folder with the packages.

    Returns:
      Each place once; places that call `schemas.unknown` with one kind of name make one error.

    Raises:
      SystemExit: A place has no code.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8"))
             for room in ROOMS for path in sorted((root / room).rglob("*.py"))}
    exit_codes = _exit_codes(trees.values())
    coded: list[CodedError] = []
    kinds: dict[str, CodedError] = {}
    for path, tree in trees.items():
        file = path.relative_to(root).as_posix()
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name, place = _name(call.func), f"{file}:{call.lineno}"
            if name == "unknown" and call.args and isinstance(call.args[0], ast.Constant):
                kind = call.args[0].value
                code = f"unknown-{kind.replace(' ', '-').replace('.', '-')}"
                message = f"Unknown {kind} {{given}}. Known: …."
                kinds[code] = CodedError(code, exit_codes["InputError"], message, place)
            elif name in exit_codes and file != "schemas/errors.py":
                coded.append(CodedError(_code(call, place), exit_codes[name],
                                        _text(call.args[1]), place))
    return sorted([*coded, *kinds.values()], key=lambda error: error.code)


def errors_page(root: Path = ROOT) -> str:
    """Returns docs/errors.md: a table of the errors of each package."""
    lines = [_ERRORS_HEAD]
    for room in ROOMS:
        lines += [f"## {room}/\n", "| Code | Exit code | Message |", "|---|---|---|"]
        lines += [f"| `{error.code}` | {error.exit_code} | {_cell(error.message)} |"
                  for error in errors(root) if error.place.startswith(f"{room}/")]
        lines.append("")
    return "\n".join(lines)


def _exit_codes(trees: Iterable[ast.Module]) -> dict[str, int]:
    """Returns the exit code of each class of errors by its name."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    codes: dict[str, int] = {_BASE: 1}
    while fresh := [(one, base) for one in classes if one.name not in codes
                    for base in map(_name, one.bases) if base in codes]:
        for one, base in fresh:
            own = [item.value.value for item in one.body if isinstance(item, ast.Assign)
                   and _name(item.targets[0]) == "exit_code"
                   and isinstance(item.value, ast.Constant)]
            codes[one.name] = own[0] if own else codes[base]
    return codes


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _code(call: ast.Call, place: str) -> str:
    first = call.args[0] if len(call.args) > 1 else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        sys.exit(f"{place}: an error needs a code, a constant, before its message.")
    return first.value


def _text(node: ast.expr) -> str:
    """Returns a message as far as the code alone says it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.Call) and _name(node.func) == "join" \
            and isinstance(node.args[0], ast.List):
        return " ".join(map(_text, node.args[0].elts))
    if isinstance(node, ast.FormattedValue) and _name(node.value):
        return f"{{{_name(node.value).strip('_').replace('_', ' ')}}}"
    return "…"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {"errors.md": errors_page, "recipe-keys.md": recipe_keys_page,
         "schema-tags.md": schema_tags_page, "data-validation.md": data_checks_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
