"""How the text of one table is laid out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """What a reader of text has to know of a table.

    Attributes:
      delimiter: What separates the fields of CSV.
      encoding: How the text is encoded, where no byte-order mark says so.
      quotes: Fields may be quoted; else a quote is a character like any other.
      backslash: A backslash says that the character behind it is a plain one, as MySQL writes it.
      header: The first line names the columns; else they are called "1", "2" and so on.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    quotes: bool = True
    header: bool = True
    backslash: bool = False
