"""Writes proposals as a schema that a person can read."""

from collections.abc import Iterable

from google.protobuf import text_encoding

from schemas.inference.column import FLOAT
from schemas.inference.proposal import Proposal
from schemas.modality import MODALITIES

_WIDTH = 98  # of a comment's line


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
        bounds = [f"{name}: {_number(bound, proposal.kind)}"
                  for name, bound in (("min", low), ("max", high)) if bound is not None]
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


def _number(bound: float, kind: str) -> str:
    return f"{bound:.6g}" if kind == FLOAT else str(int(bound))


def _quoted(text: str) -> str:
    escaped = text_encoding.CEscape(text, as_utf8=True)  # type: ignore[arg-type]  # str as well
    return f'"{escaped}"'
