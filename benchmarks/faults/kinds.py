"""The faults that are seeded in the demo shop, each with what should be found."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.faults.shop import Shop
from schemas import SIDES
from schemas.media import SOUND_RATE, wav

_DAY = 86_400
_GERMAN = ("Das ist ein schönes Stück und es passt sehr gut zu allem, was wir haben.",
           "Ich habe es nicht gern, aber die Farbe ist gut und der Preis auch.",
           "Wir wollen noch mehr davon, denn es ist für uns alle das Beste.")


@dataclass(frozen=True)
class Fault:
    """A fault and what should be said of it.

    Attributes:
      name: What is wrong, in words.
      seed: Puts it into a shop.
      checks: Names of checks of which one must find it.
      severity: How bad it is.
      alone: It is looked at without a past.
      media: It is about media; the others are seeded in a shop without any.
    """

    name: str
    seed: Callable[[Shop], None]
    checks: frozenset[str]
    severity: str
    alone: bool = False
    media: bool = False


FAULTS: list[Fault] = []


def fault(name: str, checks: str, severity: str, alone: bool = False, media: bool = False
          ) -> Callable[[Callable[[Shop], None]], Callable[[Shop], None]]:
    """Adds a fault to the list; `checks` are names with blanks between."""
    def register(seed: Callable[[Shop], None]) -> Callable[[Shop], None]:
        FAULTS.append(Fault(name, seed, frozenset(checks.split()), severity, alone, media))
        return seed

    return register


def _rng() -> np.random.Generator:
    return np.random.default_rng(3)


def _some(table: pd.DataFrame, share: float) -> pd.Index:
    """Returns the index of some rows."""
    return table.index[_rng().random(len(table)) < share]


def _change(side: str, column: str, change: Callable[[pd.Series], object], share: float = 1.0
            ) -> Callable[[Shop], None]:
    """Returns a fault that changes a column in some of its rows."""
    def seed(shop: Shop) -> None:
        table = shop.tables[side]
        rows = _some(table, share) if share < 1 else table.index
        table.loc[rows, column] = pd.Series(change(table.loc[rows, column]), rows).astype(str)

    return seed


def _numbers(change: Callable[[pd.Series], pd.Series]) -> Callable[[pd.Series], pd.Series]:
    """Returns a change of numbers as one of texts, which leaves empty ones."""
    def changed(texts: pd.Series) -> pd.Series:
        filled = texts != ""
        texts = texts.copy()
        texts[filled] = change(pd.to_numeric(texts[filled])).astype(str)
        return texts

    return changed


def _shifted(seconds: int) -> Callable[[pd.Series], pd.Series]:
    return _numbers(lambda times: times + seconds)


for _name, _checks, _severity, _seed in (
    ("prices with a currency before them", "lost_values", "FAIL",
     _change("items", "price", lambda c: "EUR " + c)),
    ("a twentieth of the ages are words", "lost_values", "FAIL",
     _change("users", "age", lambda c: "unknown age", 0.05)),
    ("half of the categories are new", "new_categories", "FAIL",
     _change("items", "categories", lambda c: "new-" + c.str.replace("|", "|new-"), 0.5)),
    ("all labels dropped", "missing_labels", "FAIL",
     _change("interactions", "stars", lambda c: "")),
    ("half of the labels dropped", "missing_labels", "FAIL",
     _change("interactions", "stars", lambda c: "", 0.5)),
    ("all labels are 5", "label_became_constant", "FAIL",
     _change("interactions", "stars", lambda c: "5")),
    ("80 % of the stars are 1", "label_shift", "FAIL",
     _change("interactions", "stars", lambda c: "1", 0.8)),
    ("nobody bought anything", "label_became_constant", "FAIL",
     _change("interactions", "purchased", lambda c: "0")),
    ("a label of the users is constant", "label_became_constant", "FAIL",
     _change("users", "region", lambda c: "north")),
    ("ages + 25", "distribution_shift", "FAIL",
     _change("users", "age", _numbers(lambda c: (c + 25).clip(upper=110)))),
    ("prices x 100", "unit_change", "FAIL",
     _change("items", "price", _numbers(lambda c: c * 100))),
    ("all prices are zero", "constant_column distribution_shift", "FAIL",
     _change("items", "price", lambda c: "0")),
    ("prices missing in half of the rows", "missing_values", "FAIL",
     _change("items", "price", lambda c: "", 0.5)),
    ("times 400 days later", "moved_times", "FAIL",
     _change("interactions", "time", _shifted(400 * _DAY))),
    ("times in the year 2099", "future_times", "FAIL",
     _change("interactions", "time", _shifted(75 * 365 * _DAY))),
    ("a tenth of the times in the future", "future_times", "FAIL",
     _change("interactions", "time", _shifted(4000 * _DAY), 0.1)),
    ("times five years stale", "stale_times", "FAIL",
     _change("interactions", "time", _shifted(-5 * 365 * _DAY))),
    ("times 0", "old_times", "FAIL", _change("interactions", "time", lambda c: "0")),
    ("half of the events 9 hours later", "moved_times", "FAIL",
     _change("interactions", "time", _shifted(9 * 3600), 0.5)),
    ("all texts of the items empty", "empty_column", "FAIL",
     _change("items", "description", lambda c: "")),
    ("all texts of the items are '.'", "empty_texts", "FAIL",
     _change("items", "description", lambda c: ".")),
    ("all texts are one text", "repeated_texts", "WARN",
     _change("items", "description", lambda c: "Lorem ipsum dolor sit amet.")),
    ("texts in another language", "language_shift", "FAIL",
     _change("items", "description", lambda c: [
         f"{_GERMAN[n % 3]} Nummer {n}" for n in range(len(c))])),
    ("reviews in another language", "language_shift", "FAIL",
     _change("interactions", "review", lambda c: [
         _GERMAN[n % 3] if text else "" for n, text in enumerate(c)])),
    ("UTF-8 read as Latin-1 in a third of the items", "damaged_texts", "FAIL",
     _change("items", "name", lambda c: [
         text.encode().decode("latin-1") for text in c], 0.33)),
    ("paths of half of the pictures empty", "missing_values", "FAIL",
     _change("items", "photo", lambda c: "", 0.5)),
    ("half of the picture files gone", "lost_values", "FAIL",
     _change("items", "photo", lambda c: [
         f"media/photos/gone{n}.png" if text else "" for n, text in enumerate(c)], 0.5)),
    ("unknown users in a tenth of the events", "quarantined_rows", "FAIL",
     _change("interactions", "customer", lambda c: "nobody", 0.1)),
    ("stars of 9 in a tenth of the events", "quarantined_rows", "FAIL",
     _change("interactions", "stars", lambda c: "9", 0.1)),
    ("regions outside the domain", "schema_anomaly", "FAIL",
     _change("users", "region", lambda c: "mars", 0.2)),
    ("a review that spells the label", "leaking_column", "FAIL",
     lambda shop: shop.tables["interactions"].update(pd.Series(
         "I gave " + shop.tables["interactions"]["stars"] + " stars.", name="review"))),
):
    FAULTS.append(Fault(_name, _seed, frozenset(_checks.split()), _severity,
                        media="picture" in _name))


@fault("an optional column is gone", "empty_column", "FAIL")
def _(shop: Shop) -> None:
    del shop.tables["items"]["price"]


@fault("an optional column is gone, in the first run", "empty_column", "WARN", alone=True)
def _(shop: Shop) -> None:
    del shop.tables["items"]["price"]


@fault("two columns of text swapped", "swapped_columns", "FAIL")
def _(shop: Shop) -> None:
    items = shop.tables["items"]
    items[["name", "description"]] = items[["description", "name"]].to_numpy()


@fault("item ids re-used for other items", "reused_ids", "FAIL")
def _(shop: Shop) -> None:
    items = shop.tables["items"]
    items["product"] = np.roll(items["product"], 7)


@fault("half of the item ids re-used for new items", "reused_ids", "FAIL")
def _(shop: Shop) -> None:
    items = shop.tables["items"]
    rows = items.index[:200]
    items.loc[rows, "name"] = [f"Other thing {n}" for n in range(200)]
    items.loc[rows, "description"] = [f"It is number {n} of the new ones." for n in range(200)]
    items.loc[rows, "price"] = [str(3 + n / 9) for n in range(200)]


@fault("item ids written in another form", "replaced_ids", "FAIL")
def _(shop: Shop) -> None:
    for side in ("items", "interactions"):
        shop.tables[side]["product"] = "SKU" + shop.tables[side]["product"].str[1:]


@fault("the same events again one second later", "repeated_events", "FAIL")
def _(shop: Shop) -> None:
    events = shop.tables["interactions"]
    again = events.assign(time=_shifted(1)(events["time"]))
    shop.tables["interactions"] = pd.concat([events, again], ignore_index=True)


@fault("the same events again in the same second", "quarantined_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["interactions"] = pd.concat([shop.tables["interactions"]] * 2, ignore_index=True)


def _keep(keep: Callable[[pd.Series], pd.Series]) -> Callable[[Shop], None]:
    """Returns a fault that drops events by their day before the newest one."""
    def seed(shop: Shop) -> None:
        events = shop.tables["interactions"]
        times = pd.to_numeric(events["time"])
        shop.tables["interactions"] = events[keep((times.max() - times) // _DAY)].reset_index(
            drop=True)

    return seed


for _name, _checks, _severity, _alone, _seed in (
    ("seven days missing", "missing_days lost_events", "WARN", False,
     _keep(lambda day: (day < 20) | (day >= 27))),
    ("seven days missing, in the first run", "missing_days", "WARN", True,
     _keep(lambda day: (day < 20) | (day >= 27))),
    ("the last thirty days at a tenth", "lost_events", "FAIL", False,
     _keep(lambda day: (day >= 30) | (_rng().random(len(day)) < 0.1))),
    ("the last thirty days at a tenth, in the first run", "recent_drop", "WARN", True,
     _keep(lambda day: (day >= 30) | (_rng().random(len(day)) < 0.1))),
    ("the newest month is not there", "stale_times", "WARN", False, _keep(lambda day: day >= 25)),
):
    FAULTS.append(Fault(_name, _seed, frozenset(_checks.split()), _severity, _alone))


@fault("compact dates as seconds of 1970", "old_times", "FAIL")
def _(shop: Shop) -> None:
    days = pd.to_datetime(pd.to_numeric(shop.tables["interactions"]["time"]), unit="s")
    # What a program makes of the digits that it takes for seconds.
    shop.tables["interactions"]["time"] = pd.to_datetime(
        days.dt.strftime("%Y%m%d").astype(int), unit="s").dt.strftime("%Y-%m-%dT%H:%M:%S")


@fault("a fiftieth of the times are zero", "old_times", "FAIL")
def _(shop: Shop) -> None:
    events = shop.tables["interactions"]
    events.loc[_some(events, 0.02), "time"] = "0"


def _media(shop: Shop, column: str, content: Callable[[int], bytes], most: int = 10**9) -> None:
    paths = [path for path in shop.tables["items"][column] if path][:most]
    for place, path in enumerate(paths):
        shop.medium(path, content(place))


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


@fault("all pictures are black", "blank_media", "FAIL", media=True)
def _(shop: Shop) -> None:
    _media(shop, "photo", lambda _: _png(np.zeros((48, 48, 3))))


@fault("a third of the pictures are grey, in the first run", "blank_media", "WARN", alone=True,
       media=True)
def _(shop: Shop) -> None:
    _media(shop, "photo", lambda _: _png(np.full((48, 48, 3), 127)), 120)


@fault("sixty near-equal pictures", "near_duplicate_media", "WARN", media=True)
def _(shop: Shop) -> None:
    rng = _rng()
    base = rng.integers(0, 255, (6, 6, 3)).repeat(8, 0).repeat(8, 1)
    _media(shop, "photo", lambda _: _png(np.clip(base + rng.integers(-3, 4, base.shape), 0, 255)),
           60)


@fault("all sounds are silent", "blank_media", "FAIL", media=True)
def _(shop: Shop) -> None:
    _media(shop, "sound", lambda _: wav(bytes(2 * SOUND_RATE)))


@fault("half of the picture files are damaged", "lost_values", "FAIL", media=True)
def _(shop: Shop) -> None:
    _media(shop, "photo", lambda _: b"\x89PNG\r\n\x1a\nnothing", 190)


@fault("a third of the items in another encoding", "lost_values damaged_texts", "FAIL")
def _(shop: Shop) -> None:
    shop.folder.mkdir(parents=True, exist_ok=True)
    lines = shop.tables["items"].to_csv(index=False).splitlines(keepends=True)
    (shop.folder / "items.csv").write_bytes(b"".join(
        line.encode("cp1252", "replace") if place and place % 3 == 0 else line.encode()
        for place, line in enumerate(lines)))


@fault("the events' file is cut in half", "fewer_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["interactions"] = shop.tables["interactions"].iloc[:6000]


@fault("half of the items are gone", "replaced_ids quarantined_rows fewer_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["items"] = shop.tables["items"].iloc[:200]


@fault("400 users without events", "users_without_events more_without_events", "WARN")
def _(shop: Shop) -> None:
    users = shop.tables["users"]
    more = pd.concat([users, users]).iloc[:400].assign(customer=[f"x{n}" for n in range(400)])
    shop.tables["users"] = pd.concat([users, more], ignore_index=True)


@fault("150 items without events", "items_without_events more_without_events", "WARN")
def _(shop: Shop) -> None:
    items = shop.tables["items"]
    more = items.iloc[:150].assign(product=[f"x{n}" for n in range(150)])
    shop.tables["items"] = pd.concat([items, more], ignore_index=True)


@fault("one user with 2,400 events in forty minutes", "bot_user", "WARN")
def _(shop: Shop) -> None:
    events = shop.tables["interactions"]
    start = pd.to_numeric(events["time"]).max() - 5 * _DAY
    bot = events.iloc[:2400].assign(customer="c0001",
                                    time=[str(start + n) for n in range(2400)])
    shop.tables["interactions"] = pd.concat([events, bot], ignore_index=True)


@fault("a column equal to the label", "leaking_column", "FAIL")
def _(shop: Shop) -> None:
    _add_column(shop, "score")
    shop.tables["interactions"]["score"] = shop.tables["interactions"]["stars"]


@fault("a column that is the label with a little noise", "leaking_column", "FAIL")
def _(shop: Shop) -> None:
    _add_column(shop, "score")
    stars = pd.to_numeric(shop.tables["interactions"]["stars"])
    noisy = 10 * stars + _rng().normal(0, 0.5, len(stars))
    shop.tables["interactions"]["score"] = noisy.map("{:.3f}".format).replace("nan", "")


def _add_column(shop: Shop, name: str) -> None:
    shop.texts[SIDES.index("interactions")] += (
        f'feature {{ name: "{name}" type: FLOAT annotation {{ tag: "numeric" }} }}\n')


@fault("negative ids", "negative_ids", "WARN")
def _(shop: Shop) -> None:
    for side in ("users", "interactions"):
        column = shop.tables[side]["customer"]
        shop.tables[side]["customer"] = column.where(column > "c0020", "-" + column.str[1:])


@fault("every user twice", "quarantined_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["users"] = pd.concat([shop.tables["users"]] * 2, ignore_index=True)


@fault("no events at all", "error", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["interactions"] = shop.tables["interactions"].iloc[:0]


@fault("a required column is gone", "error", "FAIL")
def _(shop: Shop) -> None:
    del shop.tables["interactions"]["time"]
