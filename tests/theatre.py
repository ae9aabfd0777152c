"""The tiny shop with every modality on both sides, types and texts of events, moods, attributes.

Every text of an event is a word of its own, so that each place where it may be can be told.
"""

import numpy as np
import tiny_shop
from worlds import column, history, unseen

from components.catalog_gen.histories import Histories
from schemas import FeatureSpec, parse_spec
from schemas.media import VIDEO_FRAMES, VIDEO_SIDE, video_strip, wav

REGIONS = ("north", "south")
MOODS = ("calm", "wild", "sad")
WORDS_KEPT = {"tokens": 4, "vocabulary": 200}
TEXT = {"tokens": 4, "vocabulary": 40, "stop_words": ["a"]}
OPTIONS = {
    "categorical": {"vocabulary": 12}, "numeric": {}, "text": TEXT,
    "image": {"height": 8, "width": 8}, "audio": {"seconds": 0.2, "mels": 8, "mfcc": 3},
    "video": {"frames": 3, "height": 8, "width": 8}}
# What a tower or a part of a text needs, and no other recipe reads.
TEXT_COLUMNS = {"topics": 2, "sentiment": True, "tower": {"tfidf": {"characters": [3, 4]}}}
# Columns of sounds and of videos, by table: of a table every second row has one, every third one.
MEDIA = {"users": ("voice", "selfie"), "items": ("tune", "trailer")}
_AGE, _REGION = column("age", "INT", "numeric"), column("region", "BYTES", "categorical")
_ATTRIBUTES = {
    _AGE: column("age", "INT", "numeric", "label:age", "label:grown>=18", domain=(13, 110)),
    _REGION: column("region", "BYTES", "categorical", "label:region", domain=REGIONS)}
_FACTS = (
    unseen("others") + column("joy", "INT", "label:joy", domain=(0, 1))
    + column("fear", "INT", "label:fear", domain=(0, 1))
    + column("mood", "BYTES", "label:mood", domain=MOODS)
    + column("kind", "BYTES", "event_type") + column("note", "BYTES", "text", "fewest_rows:1")
    + history("past_kinds", "event_type", "BYTES", most=5)
    + history("past_notes", "note", "BYTES", most=2))


def theatre_spec(spec: FeatureSpec) -> FeatureSpec:
    """Returns the tiny shop's spec with more in it."""
    *tables, interactions = spec.texts
    for place, columns in enumerate(MEDIA.values()):
        for name, modality in zip(columns, ("audio", "video"), strict=True):
            tables[place] += column(name, "BYTES", modality)
    for plain, attribute in _ATTRIBUTES.items():
        assert plain in tables[0]
        tables[0] = tables[0].replace(plain, attribute)
    return parse_spec("theatre", [*tables, interactions + _FACTS])


def sound(random: np.random.Generator) -> bytes:
    """A quarter of a second of noise."""
    return wav(random.integers(-9_000, 9_000, 4_000).astype("<i2").tobytes())


def film(random: np.random.Generator) -> bytes:
    """A video of noise."""
    shape = (VIDEO_FRAMES * VIDEO_SIDE, VIDEO_SIDE, 3)
    return video_strip(random.integers(0, 256, shape).astype(np.uint8).tobytes())


def own_word(row: dict) -> str:
    """The only word that was written with an event."""
    return f"note{row['member'][0].decode()}{row['film'][0]}"


def theatre_tables(spec: FeatureSpec) -> tuple[dict[str, list[dict]], list[str]]:
    """Returns rows by table, and the split of each interaction; some content is absent."""
    raw, splits = tiny_shop.raw_tables(spec)
    random = np.random.default_rng(0)
    for table, (heard, seen) in MEDIA.items():
        for i, row in enumerate(raw[table]):
            row[heard] = [sound(random)] if i % 2 else []
            row[seen] = [film(random)] if i % 3 == 0 else []
    for i, row in enumerate(raw["users"]):
        row["region"] = [REGIONS[i % 2].encode()] if i else []
    rows = raw["interactions"]
    for i, row in enumerate(rows):
        row["others"] = [7, 9]
        row["joy"], row["fear"] = [i % 2], [int(i % 3 == 0)] if i % 5 else []
        row["mood"] = [MOODS[i % 3].encode()] if i % 7 else []
        row["kind"] = [(b"view", b"buy", b"cart")[i % 3]]
        row["note"] = [own_word(row).encode()] if i % 8 != 2 else []
    for name in tiny_shop.USERS:
        own = [i for i, row in enumerate(rows) if row["member"] == [name]]
        # To ingest, what is absent has no key.
        events = [{n: v for n, v in rows[i].items() if v} for i in own]
        Histories(spec).add(events, [splits[i] for i in own])
        for i, event in zip(own, events, strict=True):
            rows[i].update(event)
    return raw, splits
