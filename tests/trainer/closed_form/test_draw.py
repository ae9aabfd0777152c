import numpy as np
import pytest

from trainer.closed_form.draw import Draw, cold_task, draw_items, without
from trainer.closed_form.events import Events

IDS = ["10", "9", "2", "1", "33", "4"]


def events(*rows: tuple[int, int, bool]) -> Events:
    users, items, relevant = (np.array(part) for part in zip(*rows, strict=True))
    return Events(users, items, np.zeros(len(users), np.int64), relevant, 5, 4)


def test_the_draw_is_that_of_the_protocol():
    counts = np.array([5, 9, 4, 7, 8, 6])
    by_id = [3, 5, 1, 0, 4]  # as numbers, and without the item of four events
    for seed in range(5):
        expected = np.random.default_rng(seed).choice(by_id, 2, replace=False)
        assert draw_items(IDS, counts, Draw(0.5, 5, seed)).tolist() == sorted(expected)


def test_ids_that_are_no_numbers_are_sorted_as_texts():
    for ids in (["b", "a", "10"], ["--3", "--2", "--1"], ["\u00b3", "\u00b2", "1"]):
        assert len(draw_items(ids, np.array([5, 5, 5]), Draw(0.9, 5, 3))) == 2
    drawn = draw_items(["b", "a", "10"], np.array([5, 5, 5]), Draw(0.9, 5, 3))
    assert drawn.tolist() == sorted(np.random.default_rng(3).choice([2, 1, 0], 2, replace=False))


@pytest.mark.parametrize("draw", [Draw(0.5, 10, 0), Draw(0.1, 5, 0)])
def test_too_few_items_are_none(draw):
    assert not len(draw_items(IDS, np.full(6, 9), draw))


def test_cold_items_are_ranked_for_who_likes_one_and_is_known():
    every = events((0, 1, True), (1, 1, True), (1, 2, True), (2, 2, True), (3, 1, True),
                   (3, 3, False), (4, 3, True), (4, 2, True))
    cold = np.array([False, False, True, True])
    task = cold_task(every, cold)
    assert task.users.tolist() == [1]  # 2 and 4 have no other event, 3 likes none of them
    assert task.relevant.indices.tolist() == [2] and not task.excluded.nnz
    assert without(every, cold).items.tolist() == [1, 1, 1]
