"""The tiny shop with sounds and films, items to compare with, moods, and users' attributes."""

import numpy as np
import tiny_shop
from worlds import column, history, unseen

from schemas import FeatureSpec, parse_spec
from schemas.media import VIDEO_FRAMES, VIDEO_SIDE, video_strip, wav

REGIONS = ("north", "south")
MOODS = ("calm", "wild", "sad")
WORDS_KEPT = {"tokens": 4, "vocabulary": 12}
OPTIONS = {
    "categorical": {"vocabulary": 12}, "numeric": {}, "text": WORDS_KEPT,
    "image": {"height": 8, "width": 8}, "audio": {"seconds": 0.2, "mels": 8, "mfcc": 3},
    "video": {"frames": 3, "height": 8, "width": 8},
}
_AGE, _REGION = column("age", "INT", "numeric"), column("region", "BYTES", "categorical")
_ATTRIBUTES = {
    _AGE: column("age", "INT", "numeric", "label:age", "label:grown>=18", domain=(13, 110)),
    _REGION: column("region", "BYTES", "categorical", "label:region", domain=REGIONS)}
_FACTS = (
    unseen("others") + column("joy", "INT", "label:joy", domain=(0, 1))
    + column("fear", "INT", "label:fear", domain=(0, 1))
    + column("mood", "BYTES", "label:mood", domain=MOODS)
    + column("note", "BYTES", "text", "fewest_rows:1")
    + history("past_notes", "note", "BYTES", most=2))


def theatre_spec(spec: FeatureSpec) -> FeatureSpec:
    """Returns the tiny shop's spec with more in it."""
    users, items, interactions = spec.texts
    for plain, attribute in _ATTRIBUTES.items():
        assert plain in users
        users = users.replace(plain, attribute)
    items += column("tune", "BYTES", "audio") + column("trailer", "BYTES", "video")
    return parse_spec("theatre", [users, items, interactions + _FACTS])


def theatre_tables(spec: FeatureSpec) -> tuple[dict[str, list[dict]], list[str]]:
    """Returns rows by table, and the split of each interaction; some content is absent."""
    raw, splits = tiny_shop.raw_tables(spec)
    random = np.random.default_rng(0)
    for i, row in enumerate(raw["items"]):
        sound = random.integers(-9_000, 9_000, 4_000).astype("<i2").tobytes()
        film = random.integers(0, 256, (VIDEO_FRAMES * VIDEO_SIDE, VIDEO_SIDE, 3))
        row["tune"] = [wav(sound)] if i % 2 else []
        row["trailer"] = [video_strip(film.astype(np.uint8).tobytes())] if i % 3 == 0 else []
    for i, row in enumerate(raw["users"]):
        row["region"] = [REGIONS[i % 2].encode()] if i else []
    for i, row in enumerate(raw["interactions"]):
        row["others"] = [7, 9]
        row["joy"], row["fear"] = [i % 2], [int(i % 3 == 0)] if i % 5 else []
        row["mood"] = [MOODS[i % 3].encode()] if i % 7 else []
        row["note"] = [f"{MOODS[i % 3]} evening".encode()] if i % 4 else []
        row["past_notes"] = [b"a wild evening", b"calm"][:i % 3]
    return raw, splits
