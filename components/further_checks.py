"""Checks on a model that extensions add to the pipeline, by name."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tfx.dsl.components.base import base_component
from tfx.types import artifact, channel

from schemas import FeatureSpec, InputError
from trainer.recipe import BoundRecipe


@dataclass(frozen=True)
class Built:
    """What a further check may read.

    Attributes:
      bound: The recipe, bound to the dataset.
      nodes: The pipeline's nodes so far, by id.
    """

    bound: BoundRecipe
    nodes: Mapping[str, base_component.BaseComponent]

    @property
    def spec(self) -> FeatureSpec:
        """The dataset's spec."""
        return self.bound.spec

    def newest(self, kind: type[artifact.Artifact]) -> channel.OutputChannel:
        """Returns the output of a type that the last node with one has, such as the model.

        Raises:
          InputError: No node has one.
        """
        outputs = [output for node in self.nodes.values() for output in node.outputs.values()
                   if output.type is kind]
        if not outputs:
            raise InputError("no-such-output", f"No step before the further checks makes a "
                             f"{kind.TYPE_NAME}, which one of them asks for.")
        return outputs[-1]


def add_check(name: str, built: Built, options: Mapping[str, Any]) -> base_component.BaseComponent:
    """Makes the component of a check.

    Args:
      name: Its name among `FURTHER_CHECKS`.
      built: What it may read.
      options: Its options.

    Raises:
      InputError: It takes no such options, or has no output `verdict`.
    """
    add = FURTHER_CHECKS[name]
    try:
        inspect.signature(add).bind(built, **options)
    except TypeError as error:
        raise InputError("bad-check-options",
                         f"checks.further.{name}: {error}. Correct its options.") from error
    check = add(built, **options)
    if VERDICT not in check.outputs:
        raise InputError("check-without-verdict",
                         f"checks.further.{name} makes a component without an output {VERDICT!r}, "
                         f"which Gate reads. It has: {', '.join(check.outputs) or 'none'}.")
    return check


VERDICT = "verdict"
# A function makes a component with an output `verdict` of what is built and of its options.
FURTHER_CHECKS: dict[str, Callable[..., base_component.BaseComponent]] = {}
