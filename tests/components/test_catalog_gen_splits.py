from collections import Counter

import numpy as np
import pytest
from refusals import refuses
from worlds import column, small_spec

from components.catalog_gen.splits import (
    check_protocol,
    pair_split,
    splitter,
    time_split,
    time_thresholds,
    user_time_split,
)
from schemas import InputError, read_spec


def test_few_events_leave_one_of_validation_and_of_test_and_eight_are_split_by_rounding():
    for events in range(1, 200):
        order = [(second, 0) for second in range(events)]
        first, second = round(0.8 * events), round(0.9 * events)  # half to even
        if events < 8:
            first, second = (events, events) if events < 3 else (events - 2, events - 1)
        assert user_time_split(order) == (["train"] * first + ["validation"] * (second - first)
                                          + ["test"] * (events - second))
        assert user_time_split(order[::-1])[::-1] == user_time_split(order), "in any order"


def test_ties_are_ordered_by_integer_ids_as_integers():
    items = [2, 10, 9, 11, 3, 8, 7, 6, 5, 4]
    splits = user_time_split([(1, item) for item in items])
    assert dict(zip(items, splits, strict=True))[10] == "validation"
    assert dict(zip(items, splits, strict=True))[11] == "test"


def test_a_global_split_keeps_a_second_together():
    assert time_thresholds([np.array([1, 2, 3, 4, 5, 6, 7, 9, 9, 9])]) == (9, 9)
    assert time_thresholds([np.arange(1, 100, 2), np.arange(0), np.arange(0, 100, 2)]) == (80, 90)
    assert [time_split(t, (80, 90)) for t in (79, 80, 89, 90)] == [
        "train", "validation", "validation", "test"]
    assert time_thresholds([np.arange(0)]) == time_thresholds([]) == (0, 0)


WITH_COLUMN = small_spec(events=column("fold", "BYTES"), user="INT u", item="INT i", name="folds")


def test_a_split_that_the_dataset_cannot_have_is_refused():
    check_protocol("u80", read_spec("movielens"))
    with pytest.raises(InputError, match=(
        "Unknown split 'u90'. Give u80, t80 or random, or a column of the interactions that holds "
        "train, validation, test; 'folds' has the text columns fold"
    )):
        check_protocol("u90", WITH_COLUMN)
    with refuses("unknown-split", "text columns who, what."):  # a row would show a person's
        check_protocol("fold", small_spec(events=column("fold", "BYTES", "pii"), name="folds"))
    for protocol in ("u80", "t80"):
        with refuses("split-needs-timestamp", "'folds'"):
            check_protocol(protocol, WITH_COLUMN)
    check_protocol("random", WITH_COLUMN)
    check_protocol("random", read_spec("movielens"))


def test_at_random_a_pair_of_user_and_item_is_never_in_two_splits():
    rows = [{"u": [user], "i": [item]} for user in range(100) for item in range(100)]
    splits = splitter(WITH_COLUMN, "random")(rows)
    assert splitter(WITH_COLUMN, "random")(rows[::-1]) == splits[::-1]
    share = {split: count / len(rows) for split, count in Counter(splits).items()}
    assert share == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.015)
    # Ids of text and of numbers that read the same are the same; (1, 23) is not (12, 3).
    assert [pair_split(str(u).encode(), str(i).encode()) for u in range(9) for i in range(9)] == [
        pair_split(u, i) for u in range(9) for i in range(9)]
    assert any(pair_split(b"1", b"2" * n) != pair_split(b"12", b"2" * (n - 1))
               for n in range(1, 30))
    # Known answers: no run, machine or version moves a pair.
    assert [pair_split(b"u", b"%d" % i) for i in range(10)] == [
        "train", "train", "train", "test", "validation", "train", "train", "validation", "test",
        "train"]
