"""What is proposed for one column."""

from dataclasses import dataclass

from schemas.inference.column import Column


@dataclass(frozen=True)
class Proposal:
    """One feature of a proposed schema.

    Attributes:
      name: The feature's name.
      kind: `"BYTES"`, `"INT"` or `"FLOAT"`.
      tags: Role, modality, labels and flags, as the reader knows them.
      required: Every row must have a value, and one only.
      usual: Every row of the table had a value.
      domain: Smallest and largest number; `None` where either is open.
      strings: The only values allowed; empty for any.
      values: Least and most values in a row, or `None` for one at most.
      comments: For the person who reads the schema, one sentence each.
    """

    name: str
    kind: str
    tags: tuple[str, ...] = ()
    required: bool = False
    usual: bool = False
    domain: tuple[float | None, float | None] = (None, None)
    strings: tuple[str, ...] = ()
    values: tuple[int, int] | None = None
    comments: tuple[str, ...] = ()

    @property
    def undecided(self) -> int:
        """Number of comments that ask a person to decide."""
        return sum(comment.startswith("DECIDE") for comment in self.comments)


def decide(question: str) -> str:
    """Returns the comment that asks a person."""
    return f"DECIDE: {question}"


def origin(column: Column) -> tuple[str, ...]:
    """Returns the remarks on every column: another name in the file, and what was seen."""
    renamed = (f"In the file: {column.given!r}.",) if column.given != column.name else ()
    return (*renamed, *column.notes)
