import os

import numpy as np
import pytest
from refusals import refuses

from serving.filters import Filters, Unavailable


def test_every_row_gets_the_same():
    assert {name: values.tolist() for name, values in Filters().inputs(rows=2).items()} == {
        "exclude_seen": [1, 1], "diversity": [0.0, 0.0]}
    result = Filters(
        exclude_seen=False, allowed=["1", "2"], blocked=["3"], categories={"genre": ["noir"]},
        most_per_category={"genre": 2}, boosts={"4": 0.5, "5": -1}, diversity=0.3).inputs(rows=2)
    assert {name: values.tolist()[1] for name, values in result.items()} == {
        "exclude_seen": 0, "allowed_item_ids": ["1", "2"], "blocked_item_ids": ["3"],
        "allowed_values_of_genre": ["noir"], "most_per_value_of_genre": 2,
        "boosted_item_ids": ["4", "5"], "boosts": [0.5, -1], "diversity": 0.3}
    assert all(len(values) == 2 for values in result.values())
    assert result["boosts"].dtype == np.float64


@pytest.mark.parametrize(("given", "code"), [
    ({"diversity": 1.5}, "bad-diversity"), ({"diversity": float("nan")}, "bad-diversity"),
    ({"most_per_category": {"genre": 0}}, "bad-most-per-category")])
def test_numbers_out_of_range_are_refused(given, code):
    with refuses(code):
        Filters(**given)


def test_the_file_is_read_again_when_it_changes(tmp_path):
    file = tmp_path / "sold-out.txt"
    file.write_text("7\n\n 9 \n")
    sold_out = Unavailable(file)
    assert sold_out.ids() == ["7", "9"]
    file.write_text("8\n\n 9 \n")
    os.utime(file, ns=(1, 1))
    assert sold_out.ids() == ["8", "9"]


def test_a_file_of_windows_is_read_as_it_is_shown(tmp_path):
    (tmp_path / "sold-out.txt").write_bytes("\ufeff7\r\n9\r\n".encode())
    assert Unavailable(tmp_path / "sold-out.txt").ids() == ["7", "9"]


def test_one_long_id_takes_the_room_of_one():
    blocked = Filters(blocked=["x" * 1_000_000, *map(str, range(5000))]).inputs(rows=1)
    assert blocked["blocked_item_ids"].nbytes < 1_000_000
    assert Filters(allowed=["7\0"]).inputs(rows=1)["allowed_item_ids"].tolist() == [["7\0"]]


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_told(tmp_path, content):
    file = tmp_path / "sold-out.txt"
    if content is not None:
        file.write_bytes(content)
    with refuses("bad-unavailable-file", file):
        Unavailable(file).ids()
