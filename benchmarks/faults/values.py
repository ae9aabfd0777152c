"""Faults of values: of numbers, times, texts, labels and columns."""


import pandas as pd

from benchmarks.faults.fault import (
    DAY,
    FAULTS,
    Fault,
    change,
    fault,
    numbers,
    rolled,
    shifted,
)
from benchmarks.faults.shop import Shop

_GERMAN = ("Das ist ein schönes Stück und es passt sehr gut zu allem, was wir haben.",
           "Ich habe es nicht gern, aber die Farbe ist gut und der Preis auch.",
           "Wir wollen noch mehr davon, denn es ist für uns alle das Beste.")


def _spell(shop: Shop) -> None:
    events, (_, label), (_, review) = (
        shop.tables["interactions"], shop.find("label"), shop.find("review"))
    events[review] = "I gave " + events[label] + " stars."


def _in_stars(shop: Shop) -> None:
    events, (_, label), (_, review) = (
        shop.tables["interactions"], shop.find("label"), shop.find("review"))
    stars = pd.to_numeric(events[label]).fillna(0).astype(int)
    events[review] = [f"{'★' * one + '☆' * (5 - one)} no. {place}!" if one else ""
                      for place, one in enumerate(stars)]


for _name, _checks, _severity, _seed in (
    ("prices with a currency before them", "lost_values", "FAIL",
     change("number", lambda c: "EUR " + c)),
    ("a twentieth of the ages are words", "lost_values", "FAIL",
     change("user number", lambda c: "unknown age", 0.05)),
    ("half of the categories are new", "new_categories", "FAIL",
     change("category", lambda c: "new-" + c.str.replace("|", "|new-", regex=False), 0.5)),
    ("all labels dropped", "missing_labels quarantined_rows", "FAIL",
     change("label", lambda c: "")),
    ("half of the labels dropped", "missing_labels quarantined_rows", "FAIL",
     change("label", lambda c: "", 0.5)),
    ("all labels are 5", "label_became_constant", "FAIL",
     change("label", lambda c: "5")),
    ("80 % of the stars are 1", "label_shift", "FAIL",
     change("label", lambda c: "1", 0.8)),
    ("nobody bought anything", "label_became_constant", "FAIL",
     change("flag", lambda c: "0")),
    ("a label of the users is constant", "label_became_constant", "FAIL",
     change("user class", lambda c: "north")),
    ("ages + 25", "distribution_shift", "FAIL",
     change("user number", numbers(lambda c: (c + 25).clip(upper=110)))),
    ("prices x 100", "unit_change lost_values", "FAIL",
     change("number", numbers(lambda c: c * 100))),
    ("all prices are zero", "constant_column distribution_shift", "FAIL",
     change("number", lambda c: "0")),
    ("prices missing in half of the rows", "missing_values", "FAIL",
     change("number", lambda c: "", 0.5)),
    ("times 400 days later", "moved_times", "FAIL",
     change("time", shifted(400 * DAY))),
    ("times in the year 2099", "future_times", "FAIL",
     change("time", shifted(75 * 365 * DAY))),
    ("a tenth of the times in the future", "future_times", "FAIL",
     change("time", shifted(14_600 * DAY), 0.1)),
    ("times five years stale", "stale_times", "FAIL",
     change("time", shifted(-5 * 365 * DAY))),
    ("times 0", "old_times", "FAIL", change("time", lambda c: "0")),
    ("half of the events 9 hours later", "moved_times", "FAIL",
     change("time", shifted(9 * 3600), 0.5)),
    ("all texts of the items empty", "empty_column", "FAIL",
     change("text", lambda c: "")),
    ("all texts of the items are '.'", "empty_texts", "FAIL",
     change("text", lambda c: ".")),
    ("all texts are one text", "repeated_texts", "WARN",
     change("text", lambda c: "Lorem ipsum dolor sit amet.")),
    ("texts in another language", "language_shift", "FAIL",
     change("text", lambda c: [
         f"{_GERMAN[n % 3]} Nummer {n}" for n in range(len(c))])),
    ("reviews in another language", "language_shift", "FAIL",
     change("review", lambda c: [
         _GERMAN[n % 3] if text else "" for n, text in enumerate(c)])),
    ("UTF-8 read as Latin-1 in a third of the items", "damaged_texts", "FAIL",
     change("title", lambda c: [
         f"{text} à côté".encode().decode("latin-1") for text in c], 0.33)),
    ("paths of half of the pictures empty", "missing_values", "FAIL",
     change("picture", lambda c: "", 0.5)),
    ("half of the picture files gone", "lost_values", "FAIL",
     change("picture", lambda c: [
         f"media/photos/gone{n}.png" if text else "" for n, text in enumerate(c)], 0.5)),
    ("unknown users in a tenth of the events", "quarantined_rows", "FAIL",
     change("event user", lambda c: "nobody", 0.1)),
    ("stars of 9 in a tenth of the events", "quarantined_rows", "FAIL",
     change("label", lambda c: "9", 0.1)),
    ("regions outside the domain", "schema_anomaly", "FAIL",
     change("user class", lambda c: "mars", 0.2)),
    ("a review that spells the label", "leaking_column", "FAIL",
     _spell),
    ("prices of other items", "mixed_values", "FAIL", rolled("number")),
    ("ages of other users", "mixed_values", "FAIL", rolled("user number")),
    ("pictures of other items", "mixed_values", "FAIL", rolled("picture")),
    ("labels of other events", "changed_labels", "FAIL", rolled("label")),
    ("labels turned around", "changed_labels", "FAIL",
     change("label", numbers(lambda c: 6 - c))),
    ("prices in another unit in a tenth of the rows", "outlying_values lost_values", "FAIL",
     change("number", numbers(lambda c: c * 100), 0.1)),
    ("a default in a fifth of the titles", "frequent_value", "WARN",
     change("title", lambda c: "N/A", 0.25)),
    ("texts cut to twenty characters", "text_length_shift", "WARN",
     change("text", lambda c: c.str[:20])),
    ("prices in another currency", "rescaled_values", "WARN",
     change("number", numbers(lambda c: (c * 1.1).round(2)))),
    ("prices in kilometres", "rescaled_values", "WARN",
     change("number", numbers(lambda c: c * 1.609))),
    ("lists cut to their first value", "shorter_lists changed_values", "WARN",
     change("category", lambda c: c.str.split("|").str[0])),
    ("lists with another separator", "shorter_lists", "WARN",
     change("category", lambda c: c.str.replace("|", ",", regex=False))),
    ("texts in Japanese", "language_shift", "FAIL",
     change("text", lambda c: [f"これはとても良い品物です {n}" for n in range(len(c))])),
    ("reviews in stars", "leaking_column", "FAIL", _in_stars),
    ("letters escaped as in a web page", "escaped_texts", "WARN",
     change("text", lambda c: c.str.replace("e", "&eacute;", regex=False), 0.5)),
):
    FAULTS.append(Fault(_name, _seed, frozenset(_checks.split()), _severity,
                        media="picture" in _name))


@fault("an optional column is gone", "empty_column", "FAIL")
def _(shop: Shop) -> None:
    side, column = shop.find("number")
    del shop.tables[side][column]


@fault("an optional column is gone, in the first run", "empty_column", "WARN", alone=True)
def _(shop: Shop) -> None:
    side, column = shop.find("number")
    del shop.tables[side][column]


@fault("two columns of text swapped", "swapped_columns", "FAIL")
def _(shop: Shop) -> None:
    (side, one), (_, other) = shop.find("title"), shop.find("text")
    table = shop.tables[side]
    table[[one, other]] = table[[other, one]].to_numpy()
