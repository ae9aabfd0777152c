"""Faults of a part of the values of a column: of 15 % of them, where nothing else is said."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.faults.fault import (
    DAY,
    FAULTS,
    Fault,
    change,
    numbers,
    random,
    shifted,
    some,
)
from benchmarks.faults.shop import Shop

_SHARE = 0.15
_CHINESE = ("这是一个很好的产品", "我非常喜欢它的颜色", "价格便宜质量也不错", "下次还会再来购买")
_CYRILLIC = ("Это очень хорошая вещь, и она мне нравится", "Цвет не тот, но цена хорошая")


def _price(factor: float) -> Callable[[pd.Series], pd.Series]:
    return numbers(lambda values: (values * factor).round(2))


def _texts(texts: tuple[str, ...]) -> Callable[[pd.Series], list[str]]:
    return lambda column: [f"{texts[place % len(texts)]} {place}" if text else ""
                           for place, text in enumerate(column)]


def _encoded(column: pd.Series) -> list[str]:
    """UTF-8 that was taken for Windows' code page, twice."""
    twice = "café".encode().decode("cp1252").encode().decode("cp1252", "replace")
    return [f"{text} {twice}" for text in column]


def _utf_16(column: pd.Series) -> list[str]:
    """UTF-16 that was read with its bytes the other way round."""
    return [text.encode("utf-16-le").decode("utf-16-be", "replace") for text in column]


def _mixed(kind: str, share: float = _SHARE) -> Callable[[Shop], None]:
    """Returns a fault that gives some rows the values of others of them."""
    def seed(shop: Shop) -> None:
        side, column = shop.find(kind)
        rows = some(shop.tables[side], share)
        shop.tables[side].loc[rows, column] = np.roll(
            shop.tables[side].loc[rows, column].to_numpy(), 1)

    return seed


def _swapped(one: str, other: str) -> Callable[[Shop], None]:
    def seed(shop: Shop) -> None:
        (side, left), (_, right) = shop.find(one), shop.find(other)
        table = shop.tables[side]
        rows = some(table, _SHARE)
        table.loc[rows, [left, right]] = table.loc[rows, [right, left]].to_numpy()

    return seed


def _renamed(kind: str, rename: Callable[[str], str]) -> Callable[[Shop], None]:
    """Returns a fault that writes some ids otherwise, in all tables."""
    def seed(shop: Shop) -> None:
        side, column = shop.find(kind)
        ids = shop.tables[side][column]
        new = {one: rename(one) for one in ids[some(shop.tables[side], _SHARE)]}
        key = shop.spec.role(f"{kind}_id").name
        for table, name in ((side, column), ("interactions", key)):
            old = shop.tables[table][name]
            shop.tables[table][name] = old.map(new).fillna(old)

    return seed


def _other_items(shop: Shop) -> None:
    events, column = shop.tables["interactions"], shop.spec.role("item_id").name
    rows = some(events, 2 * _SHARE)
    events.loc[rows, column] = random().permutation(events.loc[rows, column].to_numpy())
    user = shop.spec.role("user_id").name
    shop.tables["interactions"] = events.drop_duplicates([user, column]).reset_index(drop=True)


for _name, _checks, _severity, _seed in (
    ("prices x 100", "rescaled_values lost_values", "FAIL",
     change("number", _price(100), _SHARE)),
    ("prices in thousands", "rescaled_values", "FAIL",
     change("number", numbers(lambda values: values / 1000), _SHARE)),
    ("a third of the prices in another currency", "rescaled_values", "WARN",
     change("number", _price(1.3), 0.33)),
    ("prices in miles", "rescaled_values", "WARN",
     change("number", numbers(lambda values: values / 1.609), _SHARE)),
    ("prices of other items", "mixed_values", "WARN", _mixed("number")),
    ("a default in the ages", "frequent_value", "WARN",
     change("user number", lambda c: "30", 0.3)),
    ("ages of other users", "mixed_values", "WARN", _mixed("user number", 0.3)),
    ("no category", "missing_values", "WARN", change("category", lambda c: "", _SHARE)),
    ("new categories", "new_categories", "WARN",
     change("category", lambda c: "new-" + c.str.replace("|", "|new-", regex=False), 0.3)),
    ("categories in capitals", "new_categories changed_values", "WARN",
     change("category", lambda c: c.str.upper(), 0.3)),
    ("categories of others", "mixed_values", "WARN", _mixed("category")),
    ("the first category alone", "changed_values", "WARN",
     change("category", lambda c: c.str.split("|").str[0], 0.45)),
    ("titles in capitals", "changed_values", "WARN",
     change("title", lambda c: c.str.upper(), _SHARE)),
    ("titles of others", "mixed_values", "WARN", _mixed("title")),
    ("titles where the texts should be", "changed_values reused_ids", "WARN",
     _swapped("title", "text")),
    ("texts empty", "missing_values", "WARN", change("text", lambda c: "", _SHARE)),
    ("texts cut to twenty characters", "changed_values", "WARN",
     change("text", lambda c: c.str[:20], _SHARE)),
    ("texts in Chinese", "language_shift", "WARN", change("text", _texts(_CHINESE), _SHARE)),
    ("titles in Russian", "language_shift", "WARN", change("title", _texts(_CYRILLIC), _SHARE)),
    ("reviews in Chinese", "language_shift", "WARN", change("review", _texts(_CHINESE), _SHARE)),
    ("texts encoded twice", "damaged_texts", "FAIL", change("text", _encoded, _SHARE)),
    ("UTF-16 read the wrong way round", "language_shift damaged_texts", "WARN",
     change("text", _utf_16, _SHARE)),
    ("quotes lost to another encoding", "damaged_texts", "FAIL",
     change("text", lambda c: "\ufffd" + c + "\ufffd", _SHARE)),
    ("marks of a web page", "escaped_texts", "WARN",
     change("text", lambda c: "<p>" + c + "<br/></p>", _SHARE)),
    ("reviews missing", "missing_values", "WARN", change("review", lambda c: "", 0.8)),
    ("labels flipped to 1", "changed_labels", "FAIL", change("label", lambda c: "1", 0.4)),
    ("flags turned around", "changed_labels", "WARN",
     change("flag", lambda c: c.map({"0": "1", "1": "0"}).fillna(c), _SHARE)),
    ("labels in words", "lost_values quarantined_rows", "FAIL",
     change("label", lambda c: c.map({"5": "five", "4": "★★★★☆", "3": "3/5"}).fillna(c), _SHARE)),
    ("labels of others", "changed_labels", "WARN", _mixed("label")),
    ("times an hour later", "moved_times", "WARN", change("time", shifted(3_600), _SHARE)),
    ("times a day later", "moved_times", "FAIL", change("time", shifted(DAY), 0.45)),
    ("times of others", "moved_times", "WARN", _mixed("time")),
    ("item ids in another form", "renamed_ids", "WARN", _renamed("item", lambda one: "9" + one)),
    ("item ids re-used", "reused_ids", "WARN", _mixed("item")),
    ("events of other items", "changed_events", "WARN", _other_items),
    ("pictures of other items", "mixed_values", "WARN", _mixed("picture")),
):
    FAULTS.append(Fault(f"a part: {_name}", _seed, frozenset(_checks.split()), _severity,
                        media="picture" in _name))
