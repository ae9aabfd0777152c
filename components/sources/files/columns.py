"""How a value of the schema is made of a file's columns: of one, or of several by a template."""

import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from components.sources.files.values import as_text
from schemas.values.text import without_point

_REFERENCE = re.compile(r"\{([^{}]*)\}")
_STEM = ".stem"


@dataclass(frozen=True)
class Column:
    """One entry of `columns`: the name of a file's column, or a template.

    Attributes:
      text: The entry, such as `"isbn"`, `"{age}-{gender}"` or `"{file.stem}.wav"`, where `.stem`
        drops the extension of a file's name.

    Raises:
      ValueError: The entry is empty, or a template whose braces do not pair.
    """

    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a column's name is empty; give a name of the file's header")
        if not self.is_template:
            return
        if re.search(r"[{}]", _REFERENCE.sub("", self.text)):
            raise ValueError(
                f"the template {self.text!r} has a brace without its partner; write each column "
                "of the file as {NAME}, as in '{age}-{gender}'"
            )
        if not all(name for name, _ in self._references):
            raise ValueError(f"the template {self.text!r} has braces without a column's name; "
                             "write each column of the file as {NAME}, as in '{age}-{gender}'")

    @property
    def is_template(self) -> bool:
        """Whether the value is put together, so that a column may serve other values too."""
        return self._plain is None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The file's columns that are read, without surrounding whitespace."""
        return tuple(name for name, _ in self._references)

    def value(self, row: Mapping[str, Any], encoding: str) -> Any:
        """Returns the value of a row, `None` where a column that it needs is empty.

        Args:
          row: The file's values by the file's columns.
          encoding: The file's encoding, for messages.

        Raises:
          ValueFault: A column of a template holds something that is no text.
        """
        if self._plain is not None:
            return row.get(self._plain)
        parts = [as_text(row.get(name), encoding) for name, _ in self._references]
        if None in parts:
            return None
        read = [without_point(part.strip()) for part in parts if part]  # as ids are
        texts = [os.path.splitext(part)[0] if stem else part
                 for part, (_, stem) in zip(read, self._references, strict=True)]
        return "".join(literal + text for literal, text in
                       zip(self._literals, [*texts, ""], strict=True))

    @cached_property
    def _plain(self) -> str | None:
        return None if "{" in self.text or "}" in self.text else self.text.strip()

    @cached_property
    def _references(self) -> tuple[tuple[str, bool], ...]:
        """Each column that is read, and whether its extension is dropped."""
        if self._plain is not None:
            return ((self._plain, False),)
        references = [one.strip() for one in _REFERENCE.findall(self.text)]
        return tuple((name.removesuffix(_STEM).strip(), name.endswith(_STEM))
                     for name in references)

    @cached_property
    def _literals(self) -> list[str]:
        return _REFERENCE.split(self.text)[::2]
