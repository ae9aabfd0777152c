import numpy as np
import tensorflow as tf

from trainer.behaviour.item_reviews import ItemReviews

WIDTH = 4


def _reviews(*rows):
    items, times, words = zip(*rows, strict=True)
    padded = np.zeros((len(rows), WIDTH), np.int64)
    for place, some in enumerate(words):
        padded[place, : len(some)] = some
    return ItemReviews.of(np.array(items, np.int32), np.array(times, np.int64), padded)


def _before(reviews, item, time):
    return reviews.before(
        tf.constant([item], tf.int32), tf.constant([time], tf.int64)).numpy()[0].tolist()


def test_a_row_sees_what_was_written_before_it_newest_first():
    reviews = _reviews((2, 30, [3]), (1, 10, [1, 1]), (1, 20, [2, 2]), (1, 40, [5, 6]))
    assert _before(reviews, 1, 10) == [0, 0, 0, 0]
    assert _before(reviews, 1, 11) == [1, 1, 0, 0]
    assert _before(reviews, 1, 40) == [2, 2, 1, 1]
    assert _before(reviews, 1, 99) == [5, 6, 2, 2]  # no wider than that
    assert _before(reviews, 2, 30) == [0, 0, 0, 0]
    assert _before(reviews, 2, 31) == [3, 0, 0, 0]


def test_the_catalogue_sees_all_of_training():
    reviews = _reviews((3, 10, [1]), (3, 20, [2]), (1, 5, [7]))
    assert reviews.newest(5).tolist() == [
        [0] * 4, [7, 0, 0, 0], [0] * 4, [2, 1, 0, 0], [0] * 4]


def test_rows_without_a_review_and_unknown_items_are_none():
    reviews = _reviews((1, 10, []), (0, 10, [4]), (2, 10, [5]))
    assert _before(reviews, 1, 99) == [0] * 4
    assert _before(reviews, 0, 99) == [0] * 4
    assert reviews.newest(3).tolist() == [[0] * 4, [0] * 4, [5, 0, 0, 0]]


def test_it_is_what_a_loop_over_all_rows_finds():
    random = np.random.default_rng(0)
    rows = [(int(random.integers(1, 6)), int(random.integers(0, 50)), [place + 1])
            for place in range(80)]
    reviews = _reviews(*rows)
    for item, time, own in rows:
        earlier = {t: w for i, t, w in rows if i == item and t < time}
        result = [word for word in _before(reviews, item, time) if word]
        assert own[0] not in result
        assert len(result) == min(WIDTH, sum(i == item and t < time for i, t, _ in rows))
        times = [rows[word - 1][1] for word in result]
        assert times == sorted(times, reverse=True)
        assert not earlier or times[0] == max(earlier)
