"""The section `cold_items` of a configuration: how a recipe is tried on items without an event."""

from typing import Annotated

from pydantic import Field

from trainer.options import Count, Share, Strict, Whole


class ColdItems(Strict):
    """Which items a second training does without, to rank them.

    Attributes:
      share: How many of the items with enough events; 0 leaves the second training out.
      min_events: How many events are enough.
      draw: Seed of the draw.
    """

    share: Share = 0.2
    min_events: Count = 5
    draw: Annotated[Whole, Field(ge=0, lt=2**31)] = 0
