"""What a configuration says about a user's own files."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from components.sources.files.columns import Column


class TableOptions(BaseModel):
    """Where one table's rows are.

    Attributes:
      files: Paths or globs, relative to the data folder; compressed ones end in .gz, .bz2 or .xz.
      columns: For a schema's column, the file's column where the names differ, or a template of
        several such as `"{age}-{gender}"` (`columns.Column`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: dict[str, str] = {}

    @field_validator("files", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("columns")
    @classmethod
    def _mapped_once(cls, value: dict[str, str]) -> dict[str, str]:
        columns = {name.strip(): Column(given) for name, given in value.items()}
        plain = {name: c.names[0] for name, c in columns.items() if not c.is_template}
        for column in plain.values():
            takers = [name for name, given in plain.items() if given == column]
            if len(takers) > 1:
                raise ValueError(
                    f"the column {column!r} is mapped twice, to {' and '.join(takers)}; keep one"
                )
        return {name: column.text for name, column in columns.items()}

    def column(self, name: str) -> Column:
        """Returns what makes a schema's column: its entry, or the file's column of that name."""
        return Column(self.columns.get(name, name))


class FileOptions(BaseModel):
    """How a user's own files are read.

    Attributes:
      interactions: The table of events; the only one that must be there.
      users: The table of users; without it, users are those of the interactions.
      items: The table of items; without it, items are those of the interactions.
      media_dir: Folder of pictures and sounds, relative to the data folder.
      delimiter: What separates the fields of a CSV file.
      encoding: How text files are encoded.
      list_separator: What separates several values in one field.
      decimal: The decimal mark of numbers in text files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    interactions: TableOptions
    users: TableOptions | None = None
    items: TableOptions | None = None
    media_dir: str = "."
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    list_separator: Annotated[str, Field(min_length=1, max_length=1)] = "|"
    decimal: Annotated[str, Field(pattern="^[.,]$")] = "."

    @field_validator("delimiter", mode="before")
    @classmethod
    def _usable_delimiter(cls, value: object) -> object:
        if value in ("\\t", "tab"):
            return "\t"  # YAML's quotes decide what \t means; nobody means a backslash
        if isinstance(value, str) and value in ('"', "\n", "\r", "\0"):
            raise ValueError("a quote or the end of a line cannot separate fields; "
                             "try ',', ';', '|' or 'tab'")
        return value

    @model_validator(mode="after")
    def _known_encoding(self) -> "FileOptions":
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError):
            raise ValueError(
                f"encoding {self.encoding!r} is unknown; try utf-8 or latin-1"
            ) from None
        return self

    def table(self, side: str) -> TableOptions | None:
        """Returns one table's options, `None` where the user has no such table."""
        return {"users": self.users, "items": self.items, "interactions": self.interactions}[side]
