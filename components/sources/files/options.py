"""What a configuration says about a user's own files."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from components.sources.files.columns import Column
from components.sources.files.text import Layout
from schemas.values.text import plain_path

Place = Annotated[str, AfterValidator(plain_path)]
Quoting = Literal["standard", "backslash", "none"]


class TableOptions(BaseModel):
    """Where one table's rows are.

    Attributes:
      files: Paths or globs, relative to the data folder, of files that may be compressed.
      columns: For a schema's column, the file's column where the names differ, or a template of
        several such as `"{age}-{gender}"` (`columns.Column`). A number is the position of a column
        in CSV files without a header, from 1 on.
      header: The first line of a CSV file names the columns. It is false where `columns` has
        positions, and the columns are called "1", "2" and so on then.
      quoting: What quotes mean in this table; by default as for all tables.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: Annotated[tuple[Place, ...], Field(min_length=1)]
    columns: dict[str, str] = {}
    header: bool = True
    quoting: Quoting | None = None

    @model_validator(mode="before")
    @classmethod
    def _positions(cls, values: Any) -> Any:
        columns = values.get("columns") if isinstance(values, dict) else None
        if not isinstance(columns, dict):
            return values
        positions = {name: given for name, given in columns.items()
                     if isinstance(given, int) and not isinstance(given, bool)}
        if not positions:
            return values
        for name, given in positions.items():
            if given < 1:
                raise ValueError(f"columns: {name} is at position {given}; the first is 1")
        if values.get("header"):
            raise ValueError("columns has positions, which are for files without a header; leave "
                             "header out, or give names (a name of digits in quotes)")
        texts = {name: str(given) for name, given in positions.items()}
        return {**values, "columns": {**columns, **texts}, "header": False}

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
      quoting: `"standard"` where CSV fields may be quoted, and a quote in them is written twice;
        `"backslash"` where it may have a backslash before it, as MySQL writes it; `"none"` where a
        quote is a character like any other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    interactions: TableOptions
    users: TableOptions | None = None
    items: TableOptions | None = None
    media_dir: Place = "."
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    list_separator: Annotated[str, Field(min_length=1, max_length=1)] = "|"
    decimal: Annotated[str, Field(pattern="^[.,]$")] = "."
    quoting: Quoting = "standard"

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

    def layout(self, side: str) -> Layout:
        """Returns how the text of a table is laid out."""
        table = self.table(side)
        quoting = (table and table.quoting) or self.quoting
        return Layout(self.delimiter, self.encoding, quoting != "none",
                      table is None or table.header, quoting == "backslash")
