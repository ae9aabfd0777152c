"""What the customers of the demo shop do, visit by visit."""

from dataclasses import dataclass

import numpy as np

from components.sources.demo.world import ATTRIBUTES, DemoSizes, DemoWorld

END = 1_719_705_600  # 2024-06-30 00:00 UTC, in seconds
_DAYS = 90
_SPAN = _DAYS * 86_400
_VISIT = 4  # events of a visit, on average
_VISIT_MOOD = 0.8  # how much a visit leans to one topic
_UNRATED = 0.1
_NEW, _LARGE = 0.1, 200  # share of the products that arrive on the last day, from so many on
_LAUNCH = 0.05  # share of a customer's events that are about them, inside U80's test


@dataclass(frozen=True)
class Event:
    """One thing a customer did.

    Attributes:
      user: Index of the customer.
      item: Index of the product.
      time: Seconds since 1970.
      stars: 1 to 5, or `None` for a purchase without a rating.
      purchased: Whether it was bought.
      reviewed: Whether the customer wrote a review.
    """

    user: int
    item: int
    time: int
    stars: int | None
    purchased: bool
    reviewed: bool


def make_events(world: DemoWorld, sizes: DemoSizes, seed: int) -> list[Event]:
    """Lets the customers visit the shop.

    In a visit a customer picks products not had before, by the Gumbel-max trick from
    exp(taste + fashion + the mood of the visit), and rates them. Some products arrive on the last
    day only, when every customer with 20 events or more comes once again for them.

    Args:
      world: The hidden state of the shop.
      sizes: Number of events.
      seed: Seed of the choices.

    Returns:
      The events in the order of time; no customer has a product twice.
    """
    rng = np.random.default_rng([seed, 1])
    new = new_products(sizes, seed)
    taste, logits = world.taste(), world.choice_logits()
    events = []
    for user, count in enumerate(_counts(sizes, rng)):
        free, launch = ~new, min(int(count * _LAUNCH), new.sum() // 2)
        visits = _visits(count - launch, rng, _DAYS - bool(new.any()))
        if launch:
            visits.append((END - 86_400 + int(rng.integers(6 * 3600, 18 * 3600)), launch))
        for start, size in visits:
            if new.any() and start >= END - 86_400:
                free = new.copy()
            topic = rng.integers(len(ATTRIBUTES["topic"][2]))
            fashion = world.trend * ((start - END) / _SPAN + 0.5)
            score = logits[user] + fashion + _VISIT_MOOD * (world.levels["topic"] == topic)
            score = np.where(free, score + rng.gumbel(size=sizes.items), -np.inf)
            time = start
            for item in np.argsort(-score)[:size]:
                free[item] = False
                events.append(_event(world, user, int(item), time, taste[user, item], rng))
                time += int(rng.integers(20, 400))
    return sorted(events, key=lambda e: (e.time, e.user, e.item))


def new_products(sizes: DemoSizes, seed: int) -> np.ndarray:
    """Returns which products arrive on the last day, `(n_items,)` bool.

    Under the split U80 none has an event in train or validation: content is all there is. In a
    small shop there are none, for too few test rows would be left of the others.
    """
    new = np.zeros(sizes.items, bool)
    if sizes.items < _LARGE:
        return new
    new[np.random.default_rng([seed, 5]).permutation(sizes.items)[: int(_NEW * sizes.items)]] = True
    return new


def _event(
    world: DemoWorld, user: int, item: int, time: int, taste: float, rng: np.random.Generator
) -> Event:
    stars = world.rate(taste, rng)
    rated = rng.random() >= _UNRATED
    bought = not rated or rng.random() < (stars - 1) / 5
    reviewed = rated and rng.random() < 1 / (3 * (1 - _UNRATED))
    return Event(user, item, time, stars if rated else None, bool(bought), bool(reviewed))


def _counts(sizes: DemoSizes, rng: np.random.Generator) -> np.ndarray:
    """Returns skewed event counts of the customers that sum up exactly, `(n_users,)` int."""
    weight = rng.lognormal(0, 0.6, sizes.users)
    low, high = 4, sizes.items // 2
    counts = np.clip(sizes.events * weight / weight.sum(), low, high).astype(int)
    while difference := sizes.events - counts.sum():
        room = np.flatnonzero(counts < high if difference > 0 else counts > low)
        chosen = rng.permutation(room)[: abs(difference)]
        counts[chosen] += np.sign(difference)
    return counts


def _visits(count: int, rng: np.random.Generator, last: int) -> list[tuple[int, int]]:
    """Returns start time and size of a customer's visits before a day, in the order of time."""
    number = max(1, round(count / _VISIT))
    sizes = np.diff(np.sort(rng.choice(count - 1, number - 1, replace=False) + 1),
                    prepend=0, append=count)
    first = rng.uniform(0, 0.7)  # most customers arrive later than the shop opens
    # A visit to a day, so that visits of a customer do not overlap.
    days = np.sort(rng.choice(np.arange(int(first * _DAYS), last),
                              number, replace=number > last - int(first * _DAYS)))
    seconds = rng.integers(6 * 3600, 18 * 3600, number)
    starts = END - _SPAN + days * 86_400 + seconds
    return sorted(zip(starts.tolist(), sizes.tolist(), strict=True))
