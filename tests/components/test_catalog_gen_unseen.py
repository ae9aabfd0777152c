from collections import Counter
from typing import Any

from worlds import small_spec, unseen

from components.catalog_gen.histories import Row, Unseen
from schemas import FeatureSpec

ITEMS = list(range(100, 200))
KEYS = {"user": "BYTES u", "item": "INT i"}


def spec(time: str | None = "t") -> FeatureSpec:
    return small_spec(events=unseen("none", count=4), time=time, **KEYS)


def drawn(items: list[int], splits: list[str], of: FeatureSpec | None = None,
          catalogue: list[Any] = ITEMS, user: bytes = b"ann") -> list[list[int]]:
    rows: list[Row] = [{"u": [user], "i": [item], "t": [10 + place]}
                       for place, item in enumerate(items)]
    Unseen(of or spec(), catalogue).add(rows, splits)
    return [row["none"] for row in rows]


def test_a_row_gets_as_many_different_items_as_asked_and_always_the_same():
    interactions = ITEMS[:60]
    result = drawn(interactions, ["train"] * 60)
    assert all(len(set(row)) == len(row) == 4 for row in result)
    assert not {item for row in result for item in row} & set(interactions)
    assert len({tuple(row) for row in result}) > 50
    assert drawn(interactions, ["train"] * 60) == result
    assert drawn(interactions, ["train"] * 60, user=b"bob") != result


def test_training_does_not_know_what_is_held_out():
    interactions = list(range(100, 140))
    splits = ["train"] * 20 + ["validation"] * 10 + ["test"] * 10
    result = drawn(interactions, splits)
    in_training = {item for row in result[:20] for item in row}
    assert not in_training & set(interactions[:20])
    assert in_training & set(interactions[20:])
    assert not {item for row in result[20:30] for item in row} & set(interactions[:30])
    assert not {item for row in result[30:] for item in row} & set(interactions)
    # What is held out changes nothing for what is trained on, validation in the end included.
    assert drawn(interactions[:20] + ITEMS[60:80], splits)[:20] == result[:20]
    assert drawn(interactions[:30] + ITEMS[60:70], splits)[:30] == result[:30]


def test_who_met_almost_everything_gets_fewer():
    assert sorted(drawn(ITEMS[:97], ["train"] * 97)[0]) == ITEMS[97:]
    assert drawn(ITEMS, ["train"] * 100)[5] == []
    left = drawn(ITEMS[:95], ["train"] * 95)
    assert all(len(set(row)) == 4 and set(row) <= set(ITEMS[95:]) for row in left)
    assert len({tuple(row) for row in left}) > 50
    held_out = drawn(ITEMS, ["train"] * 50 + ["test"] * 50)
    assert len(held_out[0]) == 4 and held_out[-1] == []


def test_no_item_is_likelier_than_another():
    counts = Counter(item for number in range(500) for row in
                     drawn([100, 101], ["train"] * 2, user=b"%d" % number) for item in row)
    assert set(counts) == set(ITEMS[2:])
    expected = 500 * 2 * 4 / 98
    # Chi-square with 97 degrees of freedom: mean 97, standard deviation 14.
    assert sum((n - expected) ** 2 / expected for n in counts.values()) < 150


def test_equal_rows_differ_and_no_time_is_needed():
    rows: list[Row] = [{"u": [b"ann"], "i": [100]} for _ in range(3)]
    Unseen(spec(time=None), ITEMS).add(rows, ["train"] * 3)
    assert len({tuple(row["none"]) for row in rows}) == 3
