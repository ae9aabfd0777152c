"""The benchmark of validation: what it makes of MovieLens-100K, and what it says of its limits."""

import pytest

from benchmarks.nodes import Took
from benchmarks.validation import judge, write_more


@pytest.mark.parametrize(("seconds", "cpu", "holds"), [
    (60.0, 120.0, [True, True]), (61.0, 120.0, [False, True]), (60.0, 130.0, [True, False])])
def test_limits(seconds, cpu, holds):
    small = {"StatisticsGen": Took(seconds - 1, 9.0), "DataProfiler": Took(1.0, 1.0)}
    large = {"StatisticsGen": Took(500.0, cpu - 10), "DataProfiler": Took(9.0, 10.0)}
    assert [limit.holds for limit in judge(small, large)] == holds


def test_each_user_is_there_several_times_with_all_events(tmp_path):
    folder = tmp_path / "from" / "ml-100k"
    folder.mkdir(parents=True)
    (folder / "u.user").write_text("1|24|M|writer|85711\n2|53|F|other|94043\n")
    (folder / "u.data").write_text("2\t7\t3\t881250949\n")
    (folder / "u.item").write_text("7|A title\n")
    write_more(tmp_path / "from", tmp_path / "to", 3)
    made = tmp_path / "to" / "ml-100k"
    assert (made / "u.data").read_text().splitlines() == [
        "2\t7\t3\t881250949", "1002\t7\t3\t881250949", "2002\t7\t3\t881250949"]
    assert [line.split("|")[0] for line in (made / "u.user").read_text().splitlines()] == [
        "1", "2", "1001", "1002", "2001", "2002"]
    assert (made / "u.item").read_text() == "7|A title\n"
