"""Clean data, on which no check may warn: resamples of a shop, and consecutive spans of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.faults.shop import Shop

_SPANS = 5


def resamples(base: Shop, folder: Path, count: int) -> Iterator[tuple[str, Shop]]:
    """Yields shops of most of the rows of another, drawn anew and in another order.

    Args:
      base: The shop.
      folder: Where they are to be written.
      count: How many.

    Yields:
      A name and the shop: 95 % of users and items, 90 % of their events.
    """
    user, item = (base.spec.id_key(side).name for side in ("users", "items"))
    for seed in range(count):
        rng = np.random.default_rng([11, seed])
        shop = base.copy(folder / f"resample-{seed}")
        for side, share in (("users", 0.95), ("items", 0.95), ("interactions", 0.9)):
            table = shop.tables[side]
            shop.tables[side] = table[rng.random(len(table)) < share].sample(
                frac=1, random_state=seed)
        events = shop.tables["interactions"]
        shop.tables["interactions"] = events[
            events[user].isin(shop.tables["users"][user])
            & events[item].isin(shop.tables["items"][item])]
        yield f"resample {seed + 1} of {count}", shop


def spans(base: Shop, folder: Path) -> Iterator[tuple[str, Shop]]:
    """Yields a shop as it was on five days, one after the other.

    Users and items are those that have an event by then.

    Args:
      base: The shop.
      folder: Where they are to be written.
    """
    spec = base.spec
    times = pd.to_numeric(base.tables["interactions"][spec.role("timestamp").name])
    for number in range(1, _SPANS + 1):
        shop = base.copy(folder / f"span-{number}")
        until = times.quantile(0.5 + 0.5 * number / _SPANS)
        events = shop.tables["interactions"][times <= until]
        shop.tables["interactions"] = events
        for side in ("users", "items"):
            key = spec.id_key(side).name
            shop.tables[side] = shop.tables[side][shop.tables[side][key].isin(events[key])]
        yield f"span {number} of {_SPANS}", shop
