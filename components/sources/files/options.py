"""What a configuration says about a user's own files."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class TableOptions(BaseModel):
    """Where one table's rows are.

    Attributes:
      files: Paths or globs, relative to the data folder; compressed ones end in .gz, .bz2 or .xz.
      columns: The file's column for a schema's column, where the names differ.
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
        for column in value.values():
            takers = [name for name, given in value.items() if given == column]
            if len(takers) > 1:
                raise ValueError(
                    f"the column {column!r} is mapped twice, to {' and '.join(takers)}; keep one"
                )
        return value


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

    @model_validator(mode="after")
    def _known_encoding(self) -> "FileOptions":
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(
                f"encoding {self.encoding!r} is unknown; try utf-8 or latin-1"
            ) from None
        return self

    def table(self, side: str) -> TableOptions | None:
        """Returns one table's options, `None` where the user has no such table."""
        return {"users": self.users, "items": self.items, "interactions": self.interactions}[side]
