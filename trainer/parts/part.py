"""A part of a network: what it reads, how it is built, and how a gradient reaches what it reads.

Parts are planned before anything is built, so that a plan has names before training. The network
is built from the plan, and keeps the parts with their layers: export, explanation and reports read
that list.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from trainer.parts.side import Side

USERS, ITEMS = "users", "items"


@dataclass(frozen=True)
class Materials:
    """What the parts of one side are built from.

    Attributes:
      side: `users` or `items`.
      table: What the model holds of the side.
      inputs: The side's inputs by column.
      dim: Width of the parts' vectors.
      dropout: Dropout of the towers.
      ids: Returns the side's indices as the tower of ids reads them, `(batch,)`.
      past: What the parts of the past share with the rest of the network.
      seed: Seed of what the parts draw.
    """

    side: str
    table: Side
    inputs: dict[str, Any]
    dim: int
    dropout: float
    ids: Callable[[], Any]
    past: Any
    seed: int


@dataclass(frozen=True)
class Built:
    """What building a part gives.

    Attributes:
      layer: The tower.
      vector: `(batch, dim)`.
      present: `(batch,)`, 0 where what it reads is absent.
      losses: Losses of its own by name, `(batch,)`.
    """

    layer: Any
    vector: Any
    present: Any
    losses: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Numbers:
    """Numbers that a tower reads, for a gradient.

    Attributes:
      baseline: Returns content that says nothing, given some that does.
      axes: Axes that attributions keep, the batch's included.
      column: Names the column, given the part's name.
    """

    baseline: Callable[[Any], Any]
    axes: int = 1
    column: Callable[[str], str] = str


@dataclass(frozen=True)
class Embedded:
    """Indices that a tower embeds, for a gradient.

    Attributes:
      vocabulary: The vocabulary that names them; `None` of ids.
      column: Names the column, given the part's name.
    """

    vocabulary: str | None = None
    column: Callable[[str], str] = str


@dataclass(frozen=True)
class Part:
    """A part of a network's fusion.

    Attributes:
      name: Its name, which its weight has too.
      side: `users` or `items`.
      reads: What it reads, in words.
      build: Builds it; towers of one side are built in the order of the plan.
      content: Whether it reads content: no id, and nothing of the past.
      gradient: What it reads, as a gradient reaches it; nothing where no gradient does.
      layer: The tower, as soon as it is built.
    """

    name: str
    side: str
    reads: str
    build: Callable[[Materials], Built]
    content: bool = True
    gradient: tuple[Numbers | Embedded, ...] = ()
    layer: Any = None

    def __post_init__(self) -> None:
        """Refuses a part of which one gradient would be lost: an aspect is a part of its own."""
        if len({type(one) for one in self.gradient}) > 1:
            raise ValueError(f"the part {self.name!r} reads numbers and embeds indices: its "
                             "gradient is of one of them; plan two parts")

    def outputs(self) -> list[str]:
        """Returns the names of what a gradient says of its inputs, one after the other."""
        return [f"{self.side}_{one.column(self.name)}" for one in self.gradient]


def build_parts(plan: Iterable[Part], materials: Materials) -> tuple[list[Part], list[Built]]:
    """Builds the parts of a side in the order of the plan.

    Returns:
      The parts with their layers, and what building them gave.

    Raises:
      ValueError: Two parts have the same name; what the first reads would be lost.
    """
    parts, built, names = [], [], set()
    for part in plan:
        if part.name in names:
            raise ValueError(f"two parts of the network have the same name: {part.name}")
        names.add(part.name)
        output = part.build(materials)
        parts.append(replace(part, layer=output.layer))
        built.append(output)
    return parts, built


def whole_part(name: str, side: str, gradient: tuple[Embedded, ...] = (),
               layer: Any = None) -> Part:
    """Returns a part of a network that was built as a whole."""
    def built(materials: Materials) -> Built:
        raise NotImplementedError(f"{name} is built with its network")

    return Part(name, side, f"the {name}", built, False, gradient, layer)
