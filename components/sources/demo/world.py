"""The truth behind the demo shop: what products are like and what customers like.

A product has one level of each attribute in `ATTRIBUTES`; a customer has a liking for each
level. Taste is the sum of the likings, a dislike of high prices and an appeal that all share.
Each attribute can be perceived in one column only (the department also in the name, the rhythm
also in clips), so that a model that misses a modality misses a part of the taste.
"""

from dataclasses import dataclass

import numpy as np

from schemas.errors import InputError

# Attribute: the column it can be perceived in, how much it matters, its levels.
ATTRIBUTES: dict[str, tuple[str, float, tuple[str, ...]]] = {
    "colour": ("photo", 0.9, ("red", "yellow", "green", "blue", "violet")),
    "shape": ("photo", 0.7, ("circle", "square", "triangle", "cross")),
    "pitch": ("sound", 0.9, ("deep", "middle", "high")),
    "rhythm": ("sound", 0.7, ("steady", "slow", "fast")),
    "topic": ("description", 0.9, ("sea", "forest", "city", "space", "kitchen")),
    "mood": ("description", 0.7, ("calm", "cheerful", "dark")),
    "department": ("categories", 0.3, ("home", "garden", "desk", "travel")),
}
REGIONS = ("north", "south", "east", "west", "isles")
_REGION_LIKING = 0.5  # how much a region leans to "its" topic
STARS_AT_ZERO, STARS_PER_TASTE, STARS_NOISE = 2.7, 0.5, 0.5
_CHOICE = 1.3  # how strictly customers follow their taste when they choose


@dataclass(frozen=True)
class DemoSizes:
    """How large the shop is.

    Attributes:
      users: Number of customers.
      items: Number of products.
      events: Number of ratings and purchases, 4 a customer or more.

    Raises:
      InputError: Customers cannot have that many or few events.
    """

    users: int = 300
    items: int = 400
    events: int = 12_000

    def __post_init__(self) -> None:
        low, high = 4 * self.users, self.users * (self.items // 2)
        if self.users < 1 or not low <= self.events <= high:
            raise InputError(
                "impossible-demo-size",
                f"A demo shop of {self.users} users and {self.items} items cannot have "
                f"{self.events} events: choose {low} to {high}, and at least one user."
            )


@dataclass(frozen=True)
class DemoWorld:
    """The hidden state of a shop.

    Attributes:
      levels: By attribute, the level of each product, `(n_items,)` int.
      likings: By attribute, the liking of each customer for each level, `(n_users, n_levels)`.
      appeal: What all customers see in a product, `(n_items,)`.
      trend: Change of the appeal from the first day to the last, `(n_items,)`.
      prices: Prices of the products, `(n_items,)`.
      thrift: Dislike of prices of the customers, `(n_users,)`.
      ages: Ages of the customers in years, `(n_users,)`; the young are thriftier.
      regions: Positions in `REGIONS`, `(n_users,)`; a region leans to a topic.
    """

    levels: dict[str, np.ndarray]
    likings: dict[str, np.ndarray]
    appeal: np.ndarray
    trend: np.ndarray
    prices: np.ndarray
    thrift: np.ndarray
    ages: np.ndarray
    regions: np.ndarray

    def taste(self) -> np.ndarray:
        """Returns the true taste, `(n_users, n_items)` float64, in the units of a logit."""
        log_price = np.log(self.prices)
        dear = (log_price - log_price.mean()) / (log_price.std() + 1e-9)
        taste = self.appeal[None, :] - self.thrift[:, None] * dear[None, :]
        for name, (_, weight, _) in ATTRIBUTES.items():
            taste = taste + weight * self.likings[name][:, self.levels[name]]
        return taste

    def rate(self, taste: float, rng: np.random.Generator) -> int:
        """Returns the stars, 1 to 5, that a customer gives a product of a taste."""
        stars = STARS_AT_ZERO + STARS_PER_TASTE * taste + rng.normal(0, STARS_NOISE)
        return int(np.clip(round(stars), 1, 5))

    def choice_logits(self) -> np.ndarray:
        """Returns how likely customers pick each product, `(n_users, n_items)` logits."""
        return _CHOICE * self.taste()


def make_world(seed: int, sizes: DemoSizes) -> DemoWorld:
    """Draws a shop.

    Args:
      seed: Seed of all that is random.
      sizes: Numbers of customers and products.

    Returns:
      The hidden state; equal arguments give an equal one.
    """
    rng = np.random.default_rng([seed, 0])
    levels, likings = {}, {}
    for name, (_, _, names) in ATTRIBUTES.items():
        levels[name] = rng.integers(len(names), size=sizes.items)
        likings[name] = rng.normal(size=(sizes.users, len(names)))
    regions = rng.integers(len(REGIONS), size=sizes.users)
    likings["topic"][np.arange(sizes.users), regions] += _REGION_LIKING
    likings = {name: liking - liking.mean(1, keepdims=True) for name, liking in likings.items()}
    ages = np.clip(rng.normal(40, 14, sizes.users), 16, 85).astype(int)
    return DemoWorld(
        levels=levels,
        likings=likings,
        appeal=rng.normal(0, 0.9, sizes.items),
        trend=rng.normal(0, 0.5, sizes.items),
        prices=np.round(np.exp(rng.normal(2.5, 0.7, sizes.items)), 2),
        thrift=0.3 + (40 - ages) / 50 + rng.normal(0, 0.1, sizes.users),
        ages=ages,
        regions=regions,
    )
