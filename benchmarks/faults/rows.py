"""Faults of rows: of ids, events, files and bots."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.faults.fault import (
    DAY,
    fault,
    random,
    shifted,
)
from benchmarks.faults.shop import Shop
from schemas import SIDES


@fault("item ids re-used for other items", "reused_ids", "FAIL")
def _(shop: Shop) -> None:
    side, column = shop.find("item")
    shop.tables[side][column] = np.roll(shop.tables[side][column], 7)


@fault("half of the item ids re-used for new items", "reused_ids", "FAIL")
def _(shop: Shop) -> None:
    items, (_, key) = shop.tables["items"], shop.find("item")
    rows = items.index[: len(items) // 2]
    features = [f for f in shop.spec.table("items") if f.name in items and f.name != key]
    for number, feature in enumerate(features):
        items.loc[rows, feature.name] = (
            [f"Thing {row}, new in column {number}." for row in rows] if feature.language
            else np.roll(items.loc[rows, feature.name], 7))


@fault("item ids written in another form", "replaced_ids", "FAIL")
def _(shop: Shop) -> None:
    for side in ("items", "interactions"):
        column = shop.spec.role("item_id", side).name
        shop.tables[side][column] = "9" + shop.tables[side][column].str[-4:].str.zfill(4)


@fault("the same events again one second later", "repeated_events", "FAIL")
def _(shop: Shop) -> None:
    events, (_, time) = shop.tables["interactions"], shop.find("time")
    again = events.assign(**{time: shifted(1)(events[time])})
    shop.tables["interactions"] = pd.concat([events, again], ignore_index=True)


@fault("the events name the items next to theirs", "changed_events", "FAIL")
def _(shop: Shop) -> None:
    items, column = shop.tables["items"][shop.find("item")[1]], shop.spec.role("item_id").name
    next_to = dict(zip(items, np.roll(items, 1), strict=True))
    shop.tables["interactions"][column] = shop.tables["interactions"][column].map(next_to)


@fault("a tenth of the items again under new ids", "copied_rows", "WARN")
def _(shop: Shop) -> None:
    items, (_, key) = shop.tables["items"], shop.find("item")
    again = items.iloc[: len(items) // 10]
    again = again.assign(**{key: [str(910_000 + n) for n in range(len(again))]})
    shop.tables["items"] = pd.concat([items, again], ignore_index=True)


@fault("the same events again in the same second", "quarantined_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["interactions"] = pd.concat([shop.tables["interactions"]] * 2, ignore_index=True)


@fault("a third of the items in another encoding", "lost_values damaged_texts", "FAIL")
def _(shop: Shop) -> None:
    shop.folder.mkdir(parents=True, exist_ok=True)
    lines = shop.tables["items"].to_csv(index=False).splitlines(keepends=True)
    (shop.folder / "items.csv").write_bytes(b"".join(
        line.encode("cp1252", "replace") if place and place % 3 == 0 else line.encode()
        for place, line in enumerate(lines)))


@fault("the events' file is cut in half", "fewer_rows", "FAIL")
def _(shop: Shop) -> None:
    events = shop.tables["interactions"]
    shop.tables["interactions"] = events.iloc[: len(events) // 2]


@fault("half of the items are gone", "replaced_ids quarantined_rows fewer_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["items"] = shop.tables["items"].iloc[: len(shop.tables["items"]) // 2]


def _add_rows(kind: str, more: float) -> Callable[[Shop], None]:
    """Returns a fault that adds rows with ids of their own, a multiple of those that are there."""
    def seed(shop: Shop) -> None:
        side, key = shop.find(kind)
        table = shop.tables[side]
        count = round(more * len(table))
        added = pd.concat([table] * (1 + count // len(table))).iloc[:count]
        ids = {key: [str(900_000 + n) for n in range(count)]}
        shop.tables[side] = pd.concat([table, added.assign(**ids)], ignore_index=True)

    return seed


def _bare_items(shop: Shop) -> None:
    known = len(shop.tables["items"])
    _add_rows("item", 0.15)(shop)
    texts = [f.name for f in shop.spec.table("items") if f.language]
    shop.tables["items"].loc[known:, texts] = ""


fault("new items without texts", "bare_new_ids", "WARN")(_bare_items)
fault("twice as many users more, without events", "more_rows more_without_events", "FAIL")(
    _add_rows("user", 2))
fault("users without events, more than there are", "more_without_events", "FAIL")(
    _add_rows("user", 1.34))
fault("users without events, in the first run", "users_without_events", "WARN", alone=True)(
    _add_rows("user", 1.34))
fault("items without events, a third more", "more_without_events", "WARN")(
    _add_rows("item", 0.375))
fault("items without events, in the first run", "items_without_events", "WARN", alone=True)(
    _add_rows("item", 0.375))


@fault("one user with 2,400 events in forty minutes", "bot_user", "WARN")
def _(shop: Shop) -> None:
    events, (_, time), (_, user) = (
        shop.tables["interactions"], shop.find("time"), shop.find("event user"))
    start = pd.to_numeric(events[time]).max() - 5 * DAY
    bot = events.iloc[:2400]
    bot = bot.assign(**{user: events[user].iloc[0],
                        time: [str(start + n) for n in range(len(bot))]})
    shop.tables["interactions"] = pd.concat([events, bot], ignore_index=True)


@fault("one user with 3,000 events in twenty days", "dominant_id", "WARN")
def _(shop: Shop) -> None:
    events, (_, time), (_, user) = (
        shop.tables["interactions"], shop.find("time"), shop.find("event user"))
    start = pd.to_numeric(events[time]).max() - 21 * DAY
    many = pd.concat([events, events]).iloc[:3_000]
    many = many.assign(**{user: events[user].iloc[0],
                          time: [str(start + 576 * n) for n in range(len(many))]})
    shop.tables["interactions"] = pd.concat([events, many], ignore_index=True)


@fault("a column equal to the label", "leaking_column", "FAIL")
def _(shop: Shop) -> None:
    _add_column(shop, "score")
    shop.tables["interactions"]["score"] = shop.tables["interactions"][shop.find("label")[1]]


@fault("a column that says whether the label is high", "leaking_column", "FAIL")
def _(shop: Shop) -> None:
    _add_column(shop, "score")
    stars = pd.to_numeric(shop.tables["interactions"][shop.find("label")[1]])
    shop.tables["interactions"]["score"] = (stars >= 4).astype(int).astype(str)


@fault("a column that is the label with a little noise", "leaking_column", "FAIL")
def _(shop: Shop) -> None:
    _add_column(shop, "score")
    stars = pd.to_numeric(shop.tables["interactions"][shop.find("label")[1]])
    noisy = 10 * stars + random().normal(0, 0.5, len(stars))
    shop.tables["interactions"]["score"] = noisy.map("{:.3f}".format).replace("nan", "")


def _add_column(shop: Shop, name: str) -> None:
    shop.texts[SIDES.index("interactions")] += (
        f'feature {{ name: "{name}" type: FLOAT annotation {{ tag: "numeric" }} }}\n')


@fault("negative ids", "negative_ids", "WARN")
def _(shop: Shop) -> None:
    some = set(shop.tables["users"][shop.find("user")[1]].iloc[:9])
    for side in ("users", "interactions"):
        column = shop.spec.role("user_id", side).name
        ids = shop.tables[side][column]
        shop.tables[side][column] = ids.where(~ids.isin(some), "-" + ids.str.lstrip("c"))


@fault("every user twice", "quarantined_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["users"] = pd.concat([shop.tables["users"]] * 2, ignore_index=True)


@fault("no events at all", "error", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["interactions"] = shop.tables["interactions"].iloc[:0]


@fault("no users at all", "error quarantined_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["users"] = shop.tables["users"].iloc[:0]


@fault("no items at all", "error quarantined_rows", "FAIL")
def _(shop: Shop) -> None:
    shop.tables["items"] = shop.tables["items"].iloc[:0]


@fault("a required column is gone", "error", "FAIL")
def _(shop: Shop) -> None:
    side, column = shop.find("time")
    del shop.tables[side][column]
