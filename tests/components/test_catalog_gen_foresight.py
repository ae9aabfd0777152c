import pytest
from refusals import refuses
from worlds import column, small_spec

from components.catalog_gen.foresight import check_splits
from components.sources.base import Record

SPEC = small_spec(events=column("fold", "BYTES"), user="INT u", item="INT i", time="t")


class Rows:
    """A source of interactions alone, which counts what was read."""

    def __init__(self, rows):
        self.rows, self.read = rows, 0

    def shards(self, side):
        return [side]

    def records(self, side, shard):
        for line, row in enumerate(self.rows, start=1):
            self.read += 1
            yield Record(dict(zip(("u", "i", "t", "fold"), row, strict=False)), "e", line)


def users_of(*numbers):
    """Rows of users with so many events each, all at moments of their own."""
    return [(user, item, 1000 * user + item) for user, events in enumerate(numbers)
            for item in range(events)]


def test_users_of_few_events_have_no_validation_and_no_test():
    with refuses("empty-split", "'u80' leaves no row for validation and test",
                 "of 3 users none has more than 2", "split: t80 or random"):
        check_splits(Rows(users_of(2, 2, 1)), SPEC, "u80")
    with refuses("empty-split", "none has more than 1"):
        check_splits(Rows([(1, 1, 10)] * 5), SPEC, "u80")
    with refuses("no-events", "interactions"):
        check_splits(Rows([]), SPEC, "u80")
    check_splits(Rows([(None, 1, 1)]), SPEC, "u80")  # which the quarantine tells of


@pytest.mark.parametrize("events", [3, 7])
def test_users_of_few_events_can_be_split(events):
    rows = Rows(users_of(1, events, 500))
    check_splits(rows, SPEC, "u80")
    assert rows.read == 4  # no further than needed


def test_a_column_that_never_says_validation():
    rows = [(user, 1, user, fold) for user, fold in enumerate(("train", "test", "train"))]
    with refuses("empty-split", "'fold'", "validation"):
        check_splits(Rows(rows), SPEC, "fold")
    check_splits(Rows([*rows, (9, 1, 9, "validation")]), SPEC, "fold")


def test_times_that_are_all_the_same():
    rows = [(user, item, 1000) for user in range(10) for item in range(10)]
    with refuses("empty-split", "'t80'", "train and validation"):
        check_splits(Rows(rows), SPEC, "t80")
    check_splits(Rows(users_of(10, 10)), SPEC, "t80")


def test_a_single_pair_at_random():
    with refuses("empty-split", "'random'", "too few pairs"):
        check_splits(Rows([(1, 1, 1)]), SPEC, "random")
    check_splits(Rows(users_of(*[10] * 20)), SPEC, "random")
