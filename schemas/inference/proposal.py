"""What is proposed for one column, and proposals as a schema that a person can read."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

from google.protobuf import text_encoding

from schemas.inference.column import FLOAT, Column
from schemas.modality import MODALITIES

_WIDTH = 98  # of a comment's line
_DIGITS = 6  # of a number that a schema holds without a loss
_LARGEST = 3.4e38  # beyond it a schema's bound, rounded outwards, would be infinite


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


def to_text(proposals: Iterable[Proposal], heading: Iterable[str]) -> str:
    """Writes one table's schema.

    Args:
      proposals: The features, in order.
      heading: Comments above the first of them.

    Returns:
      Protobuf text, one feature a block, comments above it.
    """
    lines = [line for comment in heading for line in _comment(comment)]
    for proposal in proposals:
        lines += [line for comment in proposal.comments for line in _comment(comment)]
        lines += _feature(proposal)
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    lines, line = [], "#"
    for word in text.split():
        if len(line) + 1 + len(word) > _WIDTH and line != "#":
            lines.append(line)
            line = "#  "
        line += f" {word}"
    return [*lines, line]


def _feature(proposal: Proposal) -> list[str]:
    lines = ["feature {", f"  name: {_quoted(proposal.name)} type: {proposal.kind}"]
    if proposal.required:
        lines += ["  presence { min_fraction: 1.0 min_count: 1 }", "  shape { dim { size: 1 } }"]
    elif proposal.usual:
        lines.append("  presence { min_fraction: 0.9 min_count: 1 }")
    if proposal.values:
        lines.append(f"  value_count {{ min: {proposal.values[0]} max: {proposal.values[1]} }}")
    if proposal.domain != (None, None):
        low, high = proposal.domain
        # Rounded outwards, so that the smallest and the largest value stay within.
        bounds = [f"{name}: {_number(bound, proposal.kind, rounding)}" for name, bound, rounding in
                  (("min", low, ROUND_FLOOR), ("max", high, ROUND_CEILING))
                  if bound is not None and abs(bound) < _LARGEST]
        lines.append(f"  {proposal.kind.lower()}_domain {{ {' '.join(bounds)} }}")
    if proposal.strings:
        values = " ".join(f"value: {_quoted(value)}" for value in proposal.strings)
        lines.append(f"  string_domain {{ name: {_quoted(proposal.name)} {values} }}")
    lines += [f"  {MODALITIES[tag].domain} {{}}" for tag in proposal.tags
              if tag in MODALITIES and MODALITIES[tag].domain]
    if proposal.tags:
        tags = " ".join(f"tag: {_quoted(tag)}" for tag in proposal.tags)
        lines.append(f"  annotation {{ {tags} }}")
    return [*lines, "}"]


def _number(bound: float, kind: str, rounding: str) -> str:
    if kind != FLOAT:
        return str(int(bound))
    exact = Context(prec=_DIGITS, rounding=rounding).create_decimal(repr(float(bound)))
    return f"{float(exact):.{_DIGITS}g}"


def _quoted(text: str) -> str:
    escaped = text_encoding.CEscape(text, as_utf8=True)  # type: ignore[arg-type]  # str as well
    return f'"{escaped}"'
