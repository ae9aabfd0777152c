"""What is known of a column before anybody says what it means."""

from dataclasses import dataclass

BYTES, INT, FLOAT = "BYTES", "INT", "FLOAT"


@dataclass(frozen=True)
class Column:
    """The facts of one column, from a sample of its table's rows.

    Attributes:
      name: The name that the schema can use.
      given: The name in the file.
      kind: `"BYTES"`, `"INT"` or `"FLOAT"`, by the values.
      rows: Rows of the sample.
      present: Rows with a value.
      distinct: Number of different values.
      complete: The sample is the whole table.
      listed: A row may hold several values.
      most: Most values in a row.
      minimum: Smallest number, `None` where the values are none.
      maximum: Largest number.
      whole: The values are whole numbers, however they are written.
      words: Words of a value, on average; a Chinese or Japanese character is a word.
      parts: What blanks separate in a value, on average.
      values: The different values as text, sorted, where there are few; else empty.
      keys: The different values as text, to find them again in another table; of media, the paths.
      forms: What at least four values of five look like: `"mail address"`,
        `"phone number"`, `"url"`, `"network address"`.
      moments: Earliest and latest value in seconds since 1970, where all are moments.
      dates: The moments are written as dates, not as numbers.
      media: `"image"`, `"audio"` or `"video"`, where the values are such files or paths of them.
      media_fault: Why ingest cannot read them, as a sentence, or `None` where it can.
      notes: What else a person should know, one sentence each.
    """

    name: str
    given: str
    kind: str
    rows: int
    present: int
    distinct: int
    complete: bool = True
    listed: bool = False
    most: int = 1
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    words: float = 1.0
    parts: float = 1.0
    values: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    moments: tuple[int, int] | None = None
    dates: bool = False
    media: str | None = None
    media_fault: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def number(self) -> bool:
        """Whether the values are numbers."""
        return self.kind != BYTES

    @property
    def scale(self) -> tuple[float, ...]:
        """The different numbers, ascending, where there are few; else empty."""
        return tuple(sorted(float(value) for value in self.values)) if self.number else ()

    @property
    def zero_or_one(self) -> bool:
        """Whether the values are 0 and 1 and nothing else, both of them."""
        return self.scale == (0.0, 1.0) and not self.listed

    @property
    def seldom_repeats(self) -> bool:
        """Whether most rows have a value of their own."""
        return self.distinct > 0.5 * self.present


def can_identify(column: Column) -> bool:
    """Tells whether a column could name something: one text or whole number in almost any row.

    A text may be long or the path of a picture: what says that it is an id are the same values in
    another table.
    """
    return (
        column.present >= 0.9 * column.rows > 0
        and not column.listed and not column.dates and (not column.media or bool(column.keys))
        and (column.kind == BYTES or column.whole) and not column.zero_or_one
    )


def suggests_identity(column: Column) -> bool:
    """Tells whether a column could name something by its looks as well: its values are short."""
    return can_identify(column) and column.parts <= 2
