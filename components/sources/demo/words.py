"""What is written in the demo shop: names, descriptions, profiles and reviews."""

import numpy as np

_TOPICS = {
    "sea": ("harbour", "wave", "anchor", "tide", "sail", "shell", "lighthouse", "Küste"),
    "forest": ("moss", "fern", "oak", "owl", "clearing", "mushroom", "deer", "Wäldchen"),
    "city": ("tram", "rooftop", "neon", "subway", "café", "skyline", "crossing", "plaza"),
    "space": ("comet", "orbit", "nebula", "rocket", "moon", "galaxy", "telescope", "星"),
    "kitchen": ("oven", "spice", "dough", "kettle", "basil", "copper pan", "soup", "crème"),
}
_MOODS = {
    "calm": ("quiet", "gentle", "restful", "soft", "unhurried"),
    "cheerful": ("sunny", "playful", "bright", "merry", "lively"),
    "dark": ("gloomy", "brooding", "haunted", "bleak", "midnight"),
}
_PITCHES = {"deep": "low hums", "middle": "warm tones", "high": "piping notes"}
_RHYTHMS = {"steady": "drawn out", "slow": "with an easy beat", "fast": "with a quick beat"}
_FAMILIES = ("Müller", "Okafor", "田中", "García", "Smith", "李", "Ørsted", "Dubois", "Novák",
             "Rossi", "さくら", "Khan")
_GIVEN = ("anna", "ben", "chloe", "dmitri", "emre", "fatima", "goran", "hana", "ines", "jun")
_MAKES = ("Aster", "Bråten", "Cobalt", "Doré", "Ember", "Fjäll", "Größe", "Halo", "東風", "星空",
          "Iris", "Juno", "Kite", "Lumen", "Möwe", "Nori")
_THINGS = {
    "home": ("lamp", "clock", "cushion"), "garden": ("lantern", "bench", "chime"),
    "desk": ("notebook", "radio", "tray"), "travel": ("bag", "flask", "blanket"),
}
_VERDICTS = {
    1: ("I sent it back.", "A disappointment."), 2: ("Not for me.", "I expected more."),
    3: ("It is all right.", "Does its job."), 4: ("I like it.", "A good buy."),
    5: ("I love it!", "すばらしい! Would buy again."),
}


def product_name(department: str, rng: np.random.Generator) -> str:
    """Names a product of a department."""
    return f"{rng.choice(_MAKES)} {rng.choice(_THINGS[department])} {rng.integers(10, 1000)}"


def description(topic: str, mood: str, rng: np.random.Generator) -> str:
    """Describes a product by words of its topic and of its mood."""
    first, second, third = rng.choice(_TOPICS[topic], 3, replace=False)
    one, other = rng.choice(_MOODS[mood], 2, replace=False)
    return str(rng.choice((
        f"A {one} piece that brings {first} and {second} to mind. For {other} days by the {third}.",
        f"Think of a {first}, a {second}, a {third}: {one} and {other} in one.",
        f"Inspired by {first} and {third}. Its {one} look goes with every {other} {second}.",
    )))


def email(number: int, rng: np.random.Generator) -> str:
    """Makes up an address in a domain that is reserved for examples."""
    return f"{rng.choice(_GIVEN)}{number}@example.org"


def about(likes: dict[str, str], rng: np.random.Generator) -> str:
    """Lets a customer say what they like.

    Args:
      likes: Favourite level of the attributes topic, mood, pitch and rhythm.
      rng: Source of the words.

    Returns:
      A short profile in words that descriptions use, too.
    """
    first, second = rng.choice(_TOPICS[likes["topic"]], 2, replace=False)
    return (
        f"{str(rng.choice(_GIVEN)).title()} {rng.choice(_FAMILIES)}. I dream of {first} and "
        f"{second}, in a {rng.choice(_MOODS[likes['mood']])} mood. I listen to "
        f"{_PITCHES[likes['pitch']]}, {_RHYTHMS[likes['rhythm']]}."
    )


def review(stars: int, topic: str, mood: str, rng: np.random.Generator) -> str:
    """Writes a review that fits the stars and what the product is about."""
    return (
        f"{rng.choice(_VERDICTS[stars])} So {rng.choice(_MOODS[mood])}, "
        f"with that {rng.choice(_TOPICS[topic])}."
    )
