"""YAML as people mean it: no key twice, and 1e-4 is a number."""

import re
from pathlib import Path
from typing import Any

import yaml

from schemas import InputError

_LARGEST = 100_000  # values of a file


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes the last of two equal keys in silence, made strict."""

    def get_single_node(self) -> Any:
        """Composes the document.

        Raises:
          ComposerError: Written out, with what its aliases mean, it would be of no size to read.
        """
        node = super().get_single_node()
        if _size(node, {}) > _LARGEST:
            raise yaml.composer.ComposerError(
                problem=f"written out, it has more than {_LARGEST:,} values; take aliases away.")
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Composes a mapping.

        Raises:
          ComposerError: It has a key twice; the message names it and both lines.
        """
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if name in lines:
                raise yaml.composer.ComposerError(problem=(
                    f"the key {key.value!r} is there twice, in line {lines[name]} and in line "
                    f"{line}; keep one."))
            lines[name] = line
        return node


def _size(node: Any, known: dict[int, int]) -> int:
    """Returns how many values a node has, those that an alias repeats as often as it does."""
    if id(node) not in known:
        known[id(node)] = 1  # also where it is within itself
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        known[id(node)] += sum(_size(one, known) for part in inner
                               for one in (part if isinstance(part, tuple) else (part,)))
    return known[id(node)]


# YAML 1.1 wants a dot in 1e-4, else it would be a text.
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a YAML mapping.

    Raises:
      InputError: The file is missing, no YAML, no mapping, or has a key twice.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader)
    except OSError as error:
        raise InputError("unreadable-yaml",
                         f"Cannot read {path}: {error.strerror}. Check the path.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # as of a day that is none
        raise InputError("yaml-syntax", f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise InputError("yaml-not-a-mapping",
                         f"{path} must hold keys with values, as in 'dataset: demo'.")
    return values
